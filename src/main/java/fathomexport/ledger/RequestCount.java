package fathomexport.ledger;

import java.time.LocalDate;

/**
 * Requests to the quota-limited endpoints, each billed as a pageview of the plan, that were sent
 * for an account on one day.
 *
 * @param account the API's base URL, {@code #}, and the configuration's {@code api.account}
 * @param day in UTC
 * @param requests refused ones included
 * @param limited those that were answered with 429
 */
public record RequestCount(String account, LocalDate day, long requests, long limited) {}
