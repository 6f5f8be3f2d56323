package fathomexport.api;

/** Why the API refuses a question. */
public enum Refusal {
  /** The token is missing, wrong or expired (401). */
  CREDENTIALS,
  /**
   * The token may not do this: 403, and 400 or 422 whose words speak of permission, authorisation,
   * subscription or token, or whose errors are about the site.
   */
  PERMISSION,
  /** Does not exist, is not visible, or is retired (404, 410). */
  NOT_FOUND,
  /** 400 and 422 that clearly speak of how many rows were asked for. */
  LIMIT,
  /** 400 and 422 that clearly speak of the range of dates. */
  RANGE,
  /** Any other 400 and 422. */
  PARAMETERS,
  /** Redirects, which are never followed, and other statuses below 500. */
  OTHER
}
