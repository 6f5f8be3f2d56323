package fathomexport.dashboard;

/** No page can be made of what is stored; the message says why, and what to do. */
public final class NoPageException extends Exception {
  private static final long serialVersionUID = 1L;

  NoPageException(String message) {
    super(message);
  }

  NoPageException(String message, Throwable cause) {
    super(message, cause);
  }
}
