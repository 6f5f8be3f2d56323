package fathomexport.run;

/** How long a run waits for an API that gives it nothing. */
public enum Patience {
  /** As long as the settings say; then it ends, to be run again. */
  LIMITED,
  /** However long it takes: until the API answers, or a stop is asked. */
  ENDLESS
}
