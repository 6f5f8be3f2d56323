package fathomexport.fetch.rows;

/**
 * The position from which a page by {@code offset} continues: the end of the page before it.
 *
 * @param time time of the last row before the page
 * @param keys the groups of that time that the earlier pages contained
 */
public record Continued(long time, GroupKeys keys) {}
