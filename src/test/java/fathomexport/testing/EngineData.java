package fathomexport.testing;

import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.Conversion;
import fathomexport.simulator.world.Dimension;
import fathomexport.simulator.world.PageView;
import fathomexport.simulator.world.SimulatedSite;
import fathomexport.simulator.world.World;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * One exported world in PostgreSQL and in files, and the questions that every engine is asked about
 * it. It holds what engines get wrong: an id with leading zeros, null beside the empty text,
 * characters beyond ASCII, a repeated hour, two months, visitors who come every day.
 */
public final class EngineData implements AutoCloseable {
  public static final Instant NOW = Instant.parse("2025-11-04T14:00:00Z");
  private static final LocalDate FIRST = LocalDate.of(2025, 10, 1);
  private static final LocalDate LAST = LocalDate.of(2025, 11, 3);
  private static final String BERLIN = "BERLIN";
  private static final String ZEROS = "007";

  private static final List<Question> REPORTS =
      List.of(
          Question.pageviews("traffic_daily", "day"),
          Question.pageviews("traffic_hourly", "hour"),
          Question.pageviews("traffic_monthly", "month"),
          Question.pageviews("pages_daily", "day", "hostname", "pathname"),
          Question.pageviews("campaigns_daily", "day", "utm_source", "utm_medium"),
          Question.events("goals_daily", "day", "referrer_source"));

  /** What the files hold besides the reports. */
  private static final List<String> OTHERS =
      List.of(
          "site",
          "site_history",
          "event",
          "milestone",
          "current_visitors",
          "current_pages",
          "current_referrers");

  private final TestDatabase database;
  private final Installation installation;

  private EngineData(TestDatabase database, Installation installation) {
    this.database = database;
    this.installation = installation;
  }

  /** A question to every engine; {@code {name}} stands for a table. */
  public record Asked(String question, String sql) {}

  public static final List<Asked> QUESTIONS =
      List.of(
          new Asked("rows of `traffic_daily`", "SELECT count(*) FROM {traffic_daily}"),
          new Asked(
              "pageviews in October",
              "SELECT sum(pageviews) FROM {traffic_daily} WHERE date BETWEEN DATE '2025-10-01' AND"
                  + " DATE '2025-10-31'"),
          new Asked(
              "visits of the site `007`",
              "SELECT sum(visits) FROM {traffic_daily} WHERE site_id = '007'"),
          new Asked(
              "unique visitors by month, added up", "SELECT sum(uniques) FROM {traffic_monthly}"),
          new Asked(
              "pageviews of the page `/größe/😀`",
              "SELECT sum(pageviews) FROM {pages_daily} WHERE pathname = '/größe/😀'"),
          new Asked(
              "visits whose `utm_medium` is null",
              "SELECT sum(visits) FROM {campaigns_daily} WHERE utm_medium IS NULL"),
          new Asked(
              "visits whose `utm_medium` is the empty text",
              "SELECT sum(visits) FROM {campaigns_daily} WHERE utm_medium = ''"),
          new Asked(
              "visits that bounced",
              "SELECT sum(round(visits * bounce_rate / 100)) FROM {pages_daily}"),
          new Asked(
              "pageviews in the hours from 2 to 3 of 26 October",
              "SELECT sum(pageviews) FROM {traffic_hourly} WHERE CAST(hour AS DATE) = DATE"
                  + " '2025-10-26' AND EXTRACT(HOUR FROM hour) = 2"),
          new Asked(
              "conversions of `Käufe`",
              "SELECT sum(conversions) FROM {goals_daily} WHERE event_name = 'Käufe'"),
          new Asked("their value in cents", "SELECT sum(value) FROM {goals_daily}"),
          new Asked(
              "rows without an average duration",
              "SELECT count(*) FROM {pages_daily} WHERE avg_duration IS NULL"),
          new Asked(
              "sites named `Größe & Maß`",
              "SELECT count(*) FROM {site} WHERE name = 'Größe & Maß'"));

  private static World world() {
    World world =
        World.empty()
            .addSite(
                new SimulatedSite(
                    BERLIN,
                    "Größe & Maß",
                    ZoneId.of("Europe/Berlin"),
                    Instant.parse("2025-01-01T00:00:00Z")))
            .addSite(ZEROS, ZoneId.of("America/New_York"))
            .addEvent(BERLIN, "Käufe");
    for (LocalDate day = FIRST; !day.isAfter(LAST); day = day.plusDays(1)) {
      // Every seventh day has no traffic.
      if (day.getDayOfMonth() % 7 == 0) {
        continue;
      }
      for (int n = 0; n < 2 + day.getDayOfMonth() % 3; n++) {
        // The same visitors come every day.
        PageView view =
            world
                .viewAt(BERLIN, day.atTime(2 + n, 5))
                .visit(n + 1L)
                .host("https://größe.example")
                .path(n == 0 ? "/" : "/größe/😀")
                .lasting(n == 1 ? null : 10 * n);
        view =
            switch (n) {
              case 0 -> view;
              case 1 -> view.with(Dimension.UTM_MEDIUM, "");
              case 2 -> view.with(Dimension.UTM_MEDIUM, "cpc").with(Dimension.UTM_SOURCE, "shop");
              default -> view.with(Dimension.UTM_MEDIUM, "(none)");
            };
        world.add(BERLIN, n % 2 == 0 ? view.bouncing() : view);
        for (int more = 0; n % 2 == 1 && more < 3; more++) {
          world.add(BERLIN, view.path("/").continuing());
        }
      }
      world.add(ZEROS, world.viewAt(ZEROS, day.atTime(23, 30)).visit(99).path("/"));
      world.add(
          BERLIN,
          Conversion.of("Käufe", world.instant(BERLIN, day.atTime(12, 0)))
              .with(Dimension.REFERRER_SOURCE, "Google")
              .worth(1999L));
    }
    return world;
  }

  /** Exports the world. */
  public static EngineData export(Path directory) throws IOException {
    TestDatabase database = TestDatabase.migrated();
    try (FathomSimulator api =
        FathomSimulator.start(
            world(),
            Behaviour.unlimited()
                .withVisitorsRecognised(true)
                .withEmptyField(Behaviour.EmptyField.AS_KEPT))) {
      Installation installation =
          new Installation(
                  directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
              .pipeline("all", REPORTS);
      database.executeAsSuperuser(
          "ALTER DATABASE " + database.name() + " SET fathom.as_of = '" + NOW + "'");
      for (String[] command :
          new String[][] {
            {"backfill", "all", "--from", FIRST.toString(), "--to", LAST.toString()},
            {"snapshot", "all"}
          }) {
        Installation.Ended ended = installation.run(command);
        if (ended.code() != 0) {
          throw new IllegalStateException(ended.said());
        }
      }
      return new EngineData(database, installation);
    }
  }

  public Installation installation() {
    return installation;
  }

  public TestDatabase database() {
    return database;
  }

  /** Returns the names of all data sets that have files. */
  public List<String> dataSets() {
    List<String> names = new ArrayList<>(REPORTS.stream().map(Question::name).toList());
    for (String other : OTHERS) {
      if (installation.warehouse().resolve(other).toFile().isDirectory()) {
        names.add(other);
      }
    }
    return names;
  }

  /** Returns the columns of a table with their types, as PostgreSQL names them. */
  public Map<String, String> columns(String table) {
    Map<String, String> columns = new LinkedHashMap<>();
    database
        .query(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema ="
                + " 'fathom' AND table_name = '"
                + table
                + "' ORDER BY ordinal_position")
        .forEach(r -> columns.put(String.valueOf(r.get(0)), String.valueOf(r.get(1))));
    return columns;
  }

  /**
   * Returns a query for all rows of a table, in terms that all engines have: a time without zone as
   * its date, hour and minute, one with a zone as {@code {seconds NAME}}, and a list, which is one
   * text in the files, as {@code {list NAME}}.
   */
  public String wholeTable(String table) {
    return columns(table).entrySet().stream()
        .map(
            c ->
                switch (c.getValue()) {
                  case "timestamp without time zone" ->
                      "CAST(%s AS DATE), EXTRACT(HOUR FROM %s), EXTRACT(MINUTE FROM %s)"
                          .replace("%s", c.getKey());
                  case "timestamp with time zone" -> "{seconds " + c.getKey() + "}";
                  case "ARRAY" -> "{list " + c.getKey() + "}";
                  default -> c.getKey();
                })
        .collect(Collectors.joining(", ", "SELECT ", " FROM {" + table + "}"));
  }

  private static final Pattern TABLE = Pattern.compile("\\{(\\w+)}");
  private static final Pattern SECONDS = Pattern.compile("\\{seconds (\\w+)}");
  private static final Pattern LIST = Pattern.compile("\\{list (\\w+)}");

  /**
   * Puts the words of an engine that reads the files into a query.
   *
   * @param seconds the engine's expression for the seconds since 1970 of a column {@code #}
   */
  public static String inFiles(String sql, String seconds) {
    return in(sql, "", seconds, "#");
  }

  private static String in(String sql, String prefix, String seconds, String list) {
    String times =
        SECONDS
            .matcher(sql)
            .replaceAll(m -> Matcher.quoteReplacement(seconds.replace("#", m.group(1))));
    String lists =
        LIST.matcher(times)
            .replaceAll(m -> Matcher.quoteReplacement(list.replace("#", m.group(1))));
    return TABLE.matcher(lists).replaceAll(m -> prefix + m.group(1));
  }

  /** Returns PostgreSQL's answer. */
  public List<String> postgres(String sql) {
    return database
        .query(
            in(
                sql,
                "fathom.",
                "CAST(floor(extract(epoch FROM #)) AS bigint)",
                "array_to_string(#, ',')"))
        .stream()
        .map(EngineAnswers::line)
        .sorted()
        .toList();
  }

  @Override
  public void close() {
    database.close();
  }
}
