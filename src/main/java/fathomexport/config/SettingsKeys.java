package fathomexport.config;

import fathomexport.config.Kind.Group;
import fathomexport.config.Kind.ListOf;
import fathomexport.config.Kind.Rule;
import fathomexport.config.Kind.Span;
import fathomexport.config.Kind.Text;
import fathomexport.config.Kind.WholeNumber;
import fathomexport.config.Settings.Api;
import fathomexport.config.Settings.Lineage;
import fathomexport.report.SiteId;
import java.util.List;
import java.util.regex.Pattern;

/** The keys of {@code conf/fathom-export.yaml}. */
final class SettingsKeys {
  private static final Text PATH = SecretKeys.PATH;

  private static final String POSTGRES_URL_ALLOWED =
      "must be like "
          + Settings.Postgres.URL_PREFIX
          + "//127.0.0.1:5432/analytics, without user and password";

  private static final Group SECRET = SecretKeys.SECRET;

  /** Matches the name of an account, which stands in log lines and in messages. */
  static final Pattern ACCOUNT_NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");

  static final String ACCOUNT_NAME_ALLOWED =
      "a letter or a digit, then letters, digits, dots, underscores and hyphens, 64 characters at"
          + " most";

  static final Key<Text> BASE_URL =
      Key.optional(
          "base_url",
          Text.ANY
              .finding(Urls.PRIVATE, Urls.PRIVATE_ALLOWED)
              .orElse(Api.DEFAULT_BASE_URL.toString()),
          "The address of the API, without a query. It must be https, because the token is sent"
              + " along; http is allowed to this machine only.",
          "https://api.usefathom.com/v1");
  static final Key<Group> TOKEN =
      Key.depends(
          "token",
          SECRET,
          "Where the API token is: {env: NAME} for an environment variable, or {file: path} for a"
              + " file. Never the token itself. A read-only token is enough. With accounts, each of"
              + " them has its own instead.");
  static final Key<WholeNumber> REQUESTS_PER_MINUTE =
      Key.optional(
          "requests_per_minute",
          new WholeNumber(1, Api.MOST_REQUESTS_PER_MINUTE, Api.DEFAULT_REQUESTS_PER_MINUTE),
          "The most requests per minute. Fathom grants a user 10; lower it to leave room for others"
              + " who use the same user's tokens.");
  static final Key<WholeNumber> MAX_IN_FLIGHT =
      Key.optional(
          "max_in_flight",
          new WholeNumber(1, Api.MOST_IN_FLIGHT, Api.DEFAULT_MAX_IN_FLIGHT),
          "The most requests that are under way at a time.");
  static final Key<WholeNumber> ROW_LIMIT =
      Key.optional(
          "row_limit",
          new WholeNumber(1, Api.MOST_ROW_LIMIT, Api.DEFAULT_ROW_LIMIT),
          "The most rows that one request asks for. The API refuses more than 1000.");
  static final Key<Span> TIMEOUT =
      Key.optional(
          "timeout",
          new Span(Api.LEAST_TIMEOUT, Api.MOST_TIMEOUT, Api.DEFAULT_TIMEOUT),
          "The longest that one request may take, from connecting to the last byte of the answer.",
          "500ms",
          "60s",
          "2m");
  static final Key<WholeNumber> MAX_RANGE_DAYS =
      Key.optional(
          "max_range_days",
          new WholeNumber(1, Api.MOST_MAX_RANGE_DAYS, Api.DEFAULT_MAX_RANGE_DAYS),
          "The widest range of one request, in days. Reports by hour always use at most 7.");
  static final Key<Text> ACCOUNT =
      Key.optional(
          "account",
          Text.FILLED.orElse(Api.DEFAULT_ACCOUNT),
          "A name for the Fathom user whose quota is used. Runs on one database that give the same"
              + " name share one quota; give each Fathom user a name. With accounts, each of them"
              + " has its name instead.",
          "default");
  static final Key<Span> PATIENCE =
      Key.optional(
          "patience",
          new Span(Api.LEAST_PATIENCE, Api.MOST_PATIENCE, Api.DEFAULT_PATIENCE),
          "How long a run keeps trying an API that does not answer before it ends with exit code"
              + " 75.",
          "10m",
          "0s");

  static final Key<Text> CA_CERTIFICATES =
      Key.optional(
          "ca_certificates",
          PATH,
          "A file of certificate authorities in PEM that are trusted in addition to Java's: a"
              + " company's, whose proxy opens encrypted connections. It also counts for lineage and"
              + " notify.",
          "/etc/ssl/company-ca.pem");

  static final Key<Group> API =
      Key.depends(
          "api",
          Group.of(
              BASE_URL,
              TOKEN,
              REQUESTS_PER_MINUTE,
              MAX_IN_FLIGHT,
              ROW_LIMIT,
              TIMEOUT,
              MAX_RANGE_DAYS,
              ACCOUNT,
              PATIENCE,
              CA_CERTIFICATES),
          "How Fathom's API is used. Only token must be given, and not even that with accounts.");

  static final Key<Text> ACCOUNT_NAMED =
      Key.required(
          "name",
          Text.matching(ACCOUNT_NAME, "must be " + ACCOUNT_NAME_ALLOWED),
          "What the account is called in plans, log lines and tables. It is also the name of its"
              + " quota: runs on one database that give the same name share one.",
          "agency");
  static final Key<Group> ACCOUNT_TOKEN =
      Key.required(
          "token",
          SECRET,
          "Where the account's API token is: {env: NAME} for an environment variable, or {file:"
              + " path} for a file. Never the token itself. A read-only token is enough.");
  static final Key<WholeNumber> ACCOUNT_REQUESTS_PER_MINUTE =
      Key.optional(
          "requests_per_minute",
          new WholeNumber(1, Api.MOST_REQUESTS_PER_MINUTE, null),
          "The most requests per minute of this account, where it differs from the one of api.");
  static final Key<WholeNumber> ACCOUNT_MAX_IN_FLIGHT =
      Key.optional(
          "max_in_flight",
          new WholeNumber(1, Api.MOST_IN_FLIGHT, null),
          "The most requests of this account that are under way at a time, where it differs from"
              + " the one of api.");
  static final Key<ListOf> ACCOUNT_SITES =
      Key.optional(
          "sites",
          new ListOf(PipelineKeys.SITE_ID),
          "The ids of the account's sites. Left out, they are all that its token lists and that no"
              + " other account names here. Name them where the token may not list sites, or where"
              + " the tokens of two accounts read the same site.");
  static final Group ONE_ACCOUNT =
      Group.of(
          ACCOUNT_NAMED,
          ACCOUNT_TOKEN,
          ACCOUNT_REQUESTS_PER_MINUTE,
          ACCOUNT_MAX_IN_FLIGHT,
          ACCOUNT_SITES);
  static final Key<ListOf> ACCOUNTS =
      Key.optional(
          "accounts",
          new ListOf(ONE_ACCOUNT),
          "Several Fathom accounts, each with its token and its quota; runs ask them side by side."
              + " Without this section there is one account, whose token api names.");

  static final Key<Text> POSTGRES_URL =
      Key.required(
          "url",
          Text.ANY
              .finding("^" + Settings.Postgres.URL_PREFIX + ".", POSTGRES_URL_ALLOWED)
              .without(Urls.anyCase(Settings.Postgres.CREDENTIALS.pattern()), POSTGRES_URL_ALLOWED),
          "The JDBC address of the database. User and password are set by the keys user and"
              + " password.",
          "jdbc:postgresql://127.0.0.1:5432/analytics");
  static final Key<Text> POSTGRES_USER =
      Key.required("user", Text.FILLED, "The database role that loads.", "fathom_loader");
  static final Key<Group> POSTGRES_PASSWORD =
      Key.optional(
          "password",
          SECRET,
          "Where the role's password is: {env: NAME} or {file: path}. Leave it out where the server"
              + " asks for none.");
  static final Key<Group> POSTGRES =
      Key.optional(
          Settings.POSTGRES,
          Group.of(POSTGRES_URL, POSTGRES_USER, POSTGRES_PASSWORD),
          "The PostgreSQL database that rows go to. Leave the section out if you do not use it.");

  /** Text that begins like an address of another storage than this machine's, or has a variable. */
  static final Pattern NO_DIRECTORY = Pattern.compile("^[ \\t\\r\\n]*[A-Za-z][A-Za-z0-9+.-]*:|\\$");

  static final Key<Text> PARQUET_ROOT =
      Key.required(
          "root",
          PATH.without(
              NO_DIRECTORY.pattern(),
              "must be a directory of this machine: addresses such as s3://bucket and variables such"
                  + " as $HOME are not supported"),
          "The directory that the data sets go into. A relative path is relative to the directory"
              + " that the command is started in.",
          "warehouse",
          "/srv/warehouse");
  static final Key<Group> PARQUET =
      Key.optional(
          Settings.PARQUET,
          Group.of(PARQUET_ROOT),
          "The Parquet files that rows go to. Leave the section out if you do not use it.");

  static final Key<Text> LINEAGE_URL =
      Key.depends(
          "url",
          Text.ANY.finding(Urls.HTTP, Urls.HTTP_ALLOWED),
          "The server that receives the events; /api/v1/lineage is added to it. With api_key it must"
              + " be https, or http to this machine.",
          "https://marquez.example.org");
  static final Key<Group> LINEAGE_API_KEY =
      Key.optional(
          "api_key",
          SECRET,
          "Where the server's API key is, which is sent as a bearer token: {env: NAME} or {file:"
              + " path}. Leave it out where the server asks for none.");
  static final Key<Text> LINEAGE_FILE =
      Key.depends(
          "file",
          PATH,
          "A file that receives the events instead of a server, one JSON line per event.",
          "lineage.ndjson");
  static final Key<Text> NAMESPACE =
      Key.optional(
          "namespace",
          Text.FILLED.orElse(Lineage.DEFAULT_NAMESPACE),
          "The namespace of the jobs in the events.",
          "fathom-export");
  static final Key<Span> LINEAGE_TIMEOUT =
      Key.optional(
          "timeout",
          new Span(Lineage.LEAST_TIMEOUT, Lineage.MOST_TIMEOUT, Lineage.DEFAULT_TIMEOUT),
          "The longest that one event may take, and the longest that a run waits for events at its"
              + " end.",
          "5s");
  static final Key<Group> LINEAGE =
      Key.optional(
          "lineage",
          Group.of(LINEAGE_URL, LINEAGE_API_KEY, LINEAGE_FILE, NAMESPACE, LINEAGE_TIMEOUT)
              .with(
                  new Rule.OneOf(List.of(LINEAGE_URL.name(), LINEAGE_FILE.name())),
                  new Rule.Needs(LINEAGE_API_KEY.name(), LINEAGE_URL.name()),
                  new Rule.Where(
                      LINEAGE_API_KEY.name(),
                      List.of(),
                      List.of(),
                      List.of(),
                      List.of(
                          Key.depends(
                              LINEAGE_URL.name(),
                              Text.ANY.finding(Urls.PRIVATE, Urls.PRIVATE_ALLOWED),
                              LINEAGE_URL.description())))),
          "Where OpenLineage events about runs go: a server (url) or a file. Without this section"
              + " nothing is sent.");

  static final Key<Text> CURRENCY =
      Key.required(
          "currency",
          Text.matching(Pattern.compile("[A-Z]{3}"), "must be three capital letters, such as EUR"),
          "The currency as three capital letters (ISO 4217).",
          "EUR");
  static final Key<Text> CURRENCY_SITE =
      Key.optional(
          "site",
          Text.FILLED.ofLength(1, SiteId.LONGEST),
          "The id of the site that the entry is about. Left out, the entry is about every site.",
          "CDBUGS");
  static final Key<Text> CURRENCY_EVENT =
      Key.optional(
          "event",
          Text.FILLED,
          "The name of the event that the entry is about. Left out, the entry is about every"
              + " event.",
          "purchase");
  static final Group CURRENCY_RULE = Group.of(CURRENCY, CURRENCY_SITE, CURRENCY_EVENT);
  static final Key<ListOf> CURRENCIES =
      Key.optional(
          "currencies",
          new ListOf(CURRENCY_RULE),
          "The currencies of events for which the API reports none. The entry that describes an"
              + " event most closely counts: its event before its site, and an entry with neither"
              + " for all others.");

  static final Group FILE =
      Group.of(API, ACCOUNTS, POSTGRES, PARQUET, LINEAGE, CURRENCIES, NotifyKeys.NOTIFY)
          .with(
              new Rule.InsteadOf(
                  ACCOUNTS.name(),
                  API.name(),
                  List.of(TOKEN.name()),
                  List.of(TOKEN.name(), ACCOUNT.name())));

  private SettingsKeys() {}
}
