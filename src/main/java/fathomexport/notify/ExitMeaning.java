package fathomexport.notify;

import fathomexport.report.Program;

/**
 * What an exit code means, and what a person does about it, in the words of a notification.
 *
 * @param next what to do; empty if there is nothing to do
 */
record ExitMeaning(String words, String next) {
  static ExitMeaning of(int exitCode, String command, String pipeline) {
    return switch (exitCode) {
      case 0 -> new ExitMeaning("done", "");
      case 2 ->
          new ExitMeaning(
              "the command line is wrong",
              "correct it where the command is scheduled; "
                  + Program.command("COMMAND --help")
                  + " lists the options");
      case 65 ->
          command.equals("verify")
              ? new ExitMeaning(
                  "stored numbers differ from what Fathom reports now",
                  "look at the output of verify; backfill --force fetches such days again")
              : new ExitMeaning(
                  "some data is incomplete or quarantined, everything else is exported",
                  status(pipeline));
      case 70 -> new ExitMeaning("internal error", "report it, with the log of the run");
      case 74 ->
          new ExitMeaning(
              "the disk or the database failed",
              "make room, or see that the database answers; then start the same command again, it"
                  + " resumes where it stopped");
      case 75 ->
          new ExitMeaning(
              "not everything could be done now",
              "start the same command again later, it fetches what is missing; "
                  + status(pipeline));
      case 77 ->
          new ExitMeaning(
              "the token or the database role lacks a permission",
              "check the token, the password and the rights that the messages name");
      case 78 ->
          new ExitMeaning(
              "the configuration cannot be used",
              Program.command("validate") + " lists every problem of the files");
      case 130, 143 ->
          new ExitMeaning("stopped as asked", "start the same command again, it resumes");
      default -> new ExitMeaning("failed", "");
    };
  }

  private static String status(String pipeline) {
    return Program.command("status " + pipeline + " --attention") + " lists what is missing";
  }
}
