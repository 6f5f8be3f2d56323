package fathomexport.config;

import fathomexport.config.Kind.Group;
import fathomexport.config.Kind.Rule;
import fathomexport.config.Kind.Text;
import java.util.List;
import java.util.regex.Pattern;

/** The keys of a reference to a secret, and the kind of every path. */
final class SecretKeys {
  /** A path; it may be relative, but {@code ~} is not expanded. */
  static final Text PATH =
      Text.ANY.finding(
          "^(?!~)[ \\t\\r\\n]*[^ \\t\\r\\n]", "must be a path; ~ is not expanded, so write it out");

  static final Key<Text> ENV =
      Key.depends(
          "env",
          Text.matching(
              Pattern.compile("[A-Za-z_][A-Za-z0-9_]*"),
              "must be the name of an environment variable: letters, digits and _"),
          "The name of the environment variable from which the program reads the secret.",
          "FATHOM_API_TOKEN");
  static final Key<Text> SECRET_FILE =
      Key.depends(
          "file",
          PATH,
          "The path of a file that contains the secret alone, in one line. Only its owner should "
              + "be able to read the file: the program warns if other users can.",
          "/run/secrets/fathom_pg");
  static final Group SECRET =
      Group.of(ENV, SECRET_FILE).with(new Rule.OneOf(List.of(ENV.name(), SECRET_FILE.name())));

  private SecretKeys() {}
}
