package fathomexport.cost;

/** The quota and the rows per request of an account. */
public record AccountLimits(int requestsPerMinute, int rowLimit) {}
