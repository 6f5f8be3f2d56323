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
          "The address of Fathom's API, without a query. It must begin with https, because the "
              + "token is sent along; http is allowed only to this machine. Change it only to use "
              + "another API than Fathom's, such as that of 'fathom-export simulate'.",
          "https://api.usefathom.com/v1");
  static final Key<Group> TOKEN =
      Key.depends(
          "token",
          SECRET,
          "The place from which the program reads your API token: {env: NAME} is an environment "
              + "variable, {file: path} is a file. Never write the token itself here. A token that may "
              + "only read is enough. If the settings have accounts, leave this key out, because each "
              + "account has its own token.");
  static final Key<WholeNumber> REQUESTS_PER_MINUTE =
      Key.optional(
          "requests_per_minute",
          new WholeNumber(1, Api.MOST_REQUESTS_PER_MINUTE, Api.DEFAULT_REQUESTS_PER_MINUTE),
          "How many billed requests the program sends per minute at most. Fathom allows each user "
              + "10, which is the default. Choose a smaller number if other programs use tokens of the "
              + "same user.");
  static final Key<WholeNumber> MAX_IN_FLIGHT =
      Key.optional(
          "max_in_flight",
          new WholeNumber(1, Api.MOST_IN_FLIGHT, Api.DEFAULT_MAX_IN_FLIGHT),
          "How many requests may wait for their responses at the same time: 1 or 2. The default, "
              + "1, is enough for 10 requests per minute unless responses take longer than 6 seconds; "
              + "then 2 makes runs quicker.");
  static final Key<WholeNumber> ROW_LIMIT =
      Key.optional(
          "row_limit",
          new WholeNumber(1, Api.MOST_ROW_LIMIT, Api.DEFAULT_ROW_LIMIT),
          "How many rows one request asks for at most. The default, 1000, is the most that "
              + "Fathom's API allows. With a smaller number, a run needs more requests, and each is "
              + "billed.");
  static final Key<Span> TIMEOUT =
      Key.optional(
          "timeout",
          new Span(Api.LEAST_TIMEOUT, Api.MOST_TIMEOUT, Api.DEFAULT_TIMEOUT),
          "How long one request may take, from connecting to the last byte of the response. A "
              + "request that takes longer counts as failed and is sent again. Choose a longer time if "
              + "the log reports timeouts on a slow connection.",
          "500ms",
          "60s",
          "2m");
  static final Key<WholeNumber> MAX_RANGE_DAYS =
      Key.optional(
          "max_range_days",
          new WholeNumber(1, Api.MOST_MAX_RANGE_DAYS, Api.DEFAULT_MAX_RANGE_DAYS),
          "How many days one request covers at most, except for reports by hour, which always use "
              + "at most 7. It also says how many days back a nightly run looks for days that are "
              + "missing: with the default, 180, about half a year. A smaller number makes a long "
              + "backfill need more requests.");
  static final Key<Text> ACCOUNT =
      Key.optional(
          "account",
          Text.FILLED.orElse(Api.DEFAULT_ACCOUNT),
          "A name for the Fathom user to whom the token belongs. Runs that give the same name and "
              + "use the same PostgreSQL database share one quota of requests. Change it only if runs "
              + "for several Fathom users use one database: give each user a different name. If the "
              + "settings have accounts, leave this key out.",
          "default");
  static final Key<Span> PATIENCE =
      Key.optional(
          "patience",
          new Span(Api.LEAST_PATIENCE, Api.MOST_PATIENCE, Api.DEFAULT_PATIENCE),
          "How long a run keeps trying while the API does not answer. After that it ends with "
              + "exit code 75, and the next run continues where it stopped. The default, 10m, covers "
              + "short outages; with 0s, a run that meets an outage ends almost at once.",
          "10m",
          "0s");

  static final Key<Text> CA_CERTIFICATES =
      Key.optional(
          "ca_certificates",
          PATH,
          "The path of a file in PEM format with certificate authorities that are trusted in "
              + "addition to Java's own. It is needed if a proxy of your company opens encrypted "
              + "connections. It also applies to the sections lineage and notify.",
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
          "How the program connects to Fathom's API, and how many requests it may send. Only "
              + "token is required; if the settings have accounts, even the whole section may be left "
              + "out.");

  static final Key<Text> ACCOUNT_NAMED =
      Key.required(
          "name",
          Text.matching(ACCOUNT_NAME, "must be " + ACCOUNT_NAME_ALLOWED),
          "A name of your choice for the account, which is shown in plans, log lines and tables. "
              + "It also names the account's quota: runs that give the same name and use the same "
              + "PostgreSQL database share one quota of requests.",
          "agency");
  static final Key<Group> ACCOUNT_TOKEN =
      Key.required(
          "token",
          SECRET,
          "The place from which the program reads the API token of this account: {env: NAME} is "
              + "an environment variable, {file: path} is a file. Never write the token itself here. A "
              + "token that may only read is enough.");
  static final Key<WholeNumber> ACCOUNT_REQUESTS_PER_MINUTE =
      Key.optional(
          "requests_per_minute",
          new WholeNumber(1, Api.MOST_REQUESTS_PER_MINUTE, null),
          "How many billed requests the program sends per minute at most for this account. "
              + "Without this key, the number of the section api applies. Choose a smaller number if "
              + "other programs use tokens of the same Fathom user.");
  static final Key<WholeNumber> ACCOUNT_MAX_IN_FLIGHT =
      Key.optional(
          "max_in_flight",
          new WholeNumber(1, Api.MOST_IN_FLIGHT, null),
          "How many requests of this account may wait for their responses at the same time: 1 or "
              + "2. Without this key, the number of the section api applies.");
  static final Key<ListOf> ACCOUNT_SITES =
      Key.optional(
          "sites",
          new ListOf(PipelineKeys.SITE_ID),
          "The ids of the sites that belong to this account. Without this key, these are all "
              + "sites that its token can list and that no other account names here. Name them if the "
              + "token may not list sites, or if the tokens of two accounts can read the same site.");
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
          "The Fathom accounts to export from, if there are several. Each has its own token and "
              + "its own quota, and a run exports them at the same time. Without this section there is "
              + "one account, whose token is given in the section api.");

  static final Key<Text> POSTGRES_URL =
      Key.required(
          "url",
          Text.ANY
              .finding("^" + Settings.Postgres.URL_PREFIX + ".", POSTGRES_URL_ALLOWED)
              .without(Urls.anyCase(Settings.Postgres.CREDENTIALS.pattern()), POSTGRES_URL_ALLOWED),
          "The JDBC address of the database: its host, its port and its name. It must not contain "
              + "the user or the password, for which there are the keys user and password.",
          "jdbc:postgresql://127.0.0.1:5432/analytics");
  static final Key<Text> POSTGRES_USER =
      Key.required(
          "user",
          Text.FILLED,
          "The database role with which the program logs in. It must be allowed to create the "
              + "schemas and tables, or these must exist and it must be allowed to write to them; "
              + "'fathom-export check' reports every right that is missing.",
          "fathom_loader");
  static final Key<Group> POSTGRES_PASSWORD =
      Key.optional(
          "password",
          SECRET,
          "The place from which the program reads the password of the role: {env: NAME} is an "
              + "environment variable, {file: path} is a file. Leave this key out if the server does "
              + "not ask for a password.");
  static final Key<Group> POSTGRES =
      Key.optional(
          Settings.POSTGRES,
          Group.of(POSTGRES_URL, POSTGRES_USER, POSTGRES_PASSWORD),
          "The PostgreSQL database that rows are written to. Leave the section out if you only "
              + "want Parquet files, and remove postgres from the sinks of the pipelines.");

  /** Text that begins like an address of another storage than this machine's, or has a variable. */
  static final Pattern NO_DIRECTORY = Pattern.compile("^[ \\t\\r\\n]*[A-Za-z][A-Za-z0-9+.-]*:|\\$");

  static final Key<Text> PARQUET_ROOT =
      Key.required(
          "root",
          PATH.without(
              NO_DIRECTORY.pattern(),
              "must be a directory of this machine: addresses such as s3://bucket and variables such"
                  + " as $HOME are not supported"),
          "The directory on this machine that Parquet files are written to. A relative path "
              + "starts at the directory in which the command is started.",
          "warehouse",
          "/srv/warehouse");
  static final Key<Group> PARQUET =
      Key.optional(
          Settings.PARQUET,
          Group.of(PARQUET_ROOT),
          "The Parquet files that rows are written to. Leave the section out if you only want the "
              + "database, and remove parquet from the sinks of the pipelines.");

  static final Key<Text> LINEAGE_URL =
      Key.depends(
          "url",
          Text.ANY.finding(Urls.HTTP, Urls.HTTP_ALLOWED),
          "The address of the server that receives the events; the program adds /api/v1/lineage "
              + "to it. If there is an api_key, the address must begin with https; http is then allowed "
              + "only to this machine.",
          "https://marquez.example.org");
  static final Key<Group> LINEAGE_API_KEY =
      Key.optional(
          "api_key",
          SECRET,
          "The place from which the program reads the server's API key: {env: NAME} is an "
              + "environment variable, {file: path} is a file. The key is sent as a bearer token. Leave "
              + "this out if the server does not ask for a key.");
  static final Key<Text> LINEAGE_FILE =
      Key.depends(
          "file",
          PATH,
          "The path of a file that receives the events instead of a server. Each event is added "
              + "to its end as one line of JSON.",
          "lineage.ndjson");
  static final Key<Text> NAMESPACE =
      Key.optional(
          "namespace",
          Text.FILLED.orElse(Lineage.DEFAULT_NAMESPACE),
          "The name under which your data catalogue groups the jobs of this installation. Change "
              + "the default, fathom-export, if the catalogue has several installations or expects "
              + "another name.",
          "fathom-export");
  static final Key<Span> LINEAGE_TIMEOUT =
      Key.optional(
          "timeout",
          new Span(Lineage.LEAST_TIMEOUT, Lineage.MOST_TIMEOUT, Lineage.DEFAULT_TIMEOUT),
          "How long the server may take to accept one event, and how long a run waits at its end "
              + "for events that have not been sent yet. Events that take longer are lost, with a "
              + "warning; the export is not affected.",
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
          "Where the program reports its runs in the format of OpenLineage, which data catalogues "
              + "read: to a server (url) or into a file (file). Without this section, nothing is "
              + "reported.");

  static final Key<Text> CURRENCY =
      Key.required(
          "currency",
          Text.matching(Pattern.compile("[A-Z]{3}"), "must be three capital letters, such as EUR"),
          "The currency in which the values of the events are given, as three capital letters "
              + "(ISO 4217).",
          "EUR");
  static final Key<Text> CURRENCY_SITE =
      Key.optional(
          "site",
          Text.FILLED.ofLength(1, SiteId.LONGEST),
          "The id of the site whose events have this currency. Without this key, the entry "
              + "applies to all sites.",
          "CDBUGS");
  static final Key<Text> CURRENCY_EVENT =
      Key.optional(
          "event",
          Text.FILLED,
          "The name of the event that has this currency. Without this key, the entry applies to "
              + "all events.",
          "purchase");
  static final Group CURRENCY_RULE = Group.of(CURRENCY, CURRENCY_SITE, CURRENCY_EVENT);
  static final Key<ListOf> CURRENCIES =
      Key.optional(
          "currencies",
          new ListOf(CURRENCY_RULE),
          "The currencies of events for which Fathom reports none. If several entries apply to an "
              + "event, the most specific one is used: an entry with the event's name comes before one "
              + "with its site, and an entry with neither applies to all other events. Without this "
              + "section, these currencies stay unknown.");

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
