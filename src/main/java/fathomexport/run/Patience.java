package fathomexport.run;

/** How long a run waits for an API that returns nothing. */
public enum Patience {
  /** As long as the settings allow; then the run ends and can be started again. */
  LIMITED,
  /** Without limit: until the API responds or a stop is requested. */
  ENDLESS
}
