package fathomexport.report;

/** The types of columns, named as in PostgreSQL. */
public enum ColumnType {
  TEXT,
  /** Days since 1970-01-01. */
  DATE,
  /** Local date and time, in microseconds since 1970-01-01T00:00 without a zone. */
  TIMESTAMP,
  /** A point in time, in microseconds since 1970-01-01T00:00Z. */
  INSTANT,
  BIGINT,
  DOUBLE
}
