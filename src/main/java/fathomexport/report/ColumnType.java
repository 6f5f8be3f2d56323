package fathomexport.report;

/** The types that a column can have, in Postgres' words. */
public enum ColumnType {
  TEXT,
  /** Days since 1970-01-01. */
  DATE,
  /** Local wall time, microseconds since 1970-01-01T00:00 without a zone. */
  TIMESTAMP,
  /** A point in time, microseconds since 1970-01-01T00:00Z. */
  INSTANT,
  BIGINT,
  DOUBLE
}
