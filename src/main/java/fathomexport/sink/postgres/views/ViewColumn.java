package fathomexport.sink.postgres.views;

/**
 * A column of a view.
 *
 * @param type the type as PostgreSQL's catalog spells it; the expression is cast to it, so that a
 *     view keeps its types whatever its expressions become
 * @param comment what it means, and for a measure over what it adds up
 */
record ViewColumn(String name, String type, String expression, String comment) {}
