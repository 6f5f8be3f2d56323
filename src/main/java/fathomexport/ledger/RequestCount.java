package fathomexport.ledger;

import java.time.LocalDate;

/**
 * The number of requests of an account on one day to the quota-limited endpoints. Each of them is
 * billed as a pageview of the plan.
 *
 * @param account the API's base URL, {@code #}, and the configuration's {@code api.account}
 * @param day in UTC
 * @param requests all requests, including refused ones
 * @param limited requests that were answered with 429
 */
public record RequestCount(String account, LocalDate day, long requests, long limited) {}
