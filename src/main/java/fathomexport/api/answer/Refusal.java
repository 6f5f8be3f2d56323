package fathomexport.api.answer;

/** The reason why the API refuses a request. */
public enum Refusal {
  /** The token is missing, wrong or expired (401). */
  CREDENTIALS,
  /** The account's subscription has ended: 402, or 400, 403 and 422 whose message says that. */
  SUBSCRIPTION,
  /**
   * The token lacks a permission: 403, or 400 and 422 whose message mentions permission,
   * authorisation, subscription or token, or whose errors are about the site.
   */
  PERMISSION,
  /** The resource does not exist, is not visible, or is retired (404, 410). */
  NOT_FOUND,
  /** 400 and 422 that clearly mention the number of requested rows. */
  LIMIT,
  /** 400 and 422 that clearly mention the date range. */
  RANGE,
  /** Any other 400 and 422. */
  PARAMETERS,
  /** Redirects, which are never followed, and other statuses below 500. */
  OTHER;

  /**
   * Returns whether a refusal is about what was asked, rather than about the site or the account:
   * the same request would be refused again.
   */
  public boolean isAboutTheRequest() {
    return switch (this) {
      case LIMIT, RANGE, PARAMETERS -> true;
      case CREDENTIALS, SUBSCRIPTION, PERMISSION, NOT_FOUND, OTHER -> false;
    };
  }
}
