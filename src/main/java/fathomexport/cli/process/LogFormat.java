package fathomexport.cli.process;

/** How the log is written: as lines for people, or as one JSON object per line for programs. */
public enum LogFormat {
  TEXT,
  JSON
}
