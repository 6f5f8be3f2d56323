package fathomexport.fetch;

/**
 * Where a page by {@code offset} goes on: behind rows of an earlier page.
 *
 * @param time of the last row before it
 * @param keys the groups of that time that came before it
 */
record Continued(long time, GroupKeys keys) {}
