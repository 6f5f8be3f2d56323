package fathomexport.config;

import fathomexport.config.Kind.AllOr;
import fathomexport.config.Kind.Choice;
import fathomexport.config.Kind.Group;
import fathomexport.config.Kind.ListOf;
import fathomexport.config.Kind.Rule;
import fathomexport.config.Kind.Text;
import fathomexport.config.Kind.WholeNumber;
import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.Entity;
import fathomexport.report.ExpectBy;
import fathomexport.report.Field;
import fathomexport.report.Keep;
import fathomexport.report.Operator;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/** The keys of a file of {@code pipelines/}. */
final class PipelineKeys {
  /** Fields that a filter may name. */
  static final Predicate<Field> FILTERABLE = field -> !field.operators().isEmpty();

  static final Text SITE_ID =
      Text.FILLED
          .ofLength(1, SiteId.LONGEST)
          .without(
              "[\\u0000-\\u001f\\u007f-\\u009f]", "must not be empty or hold control characters")
          .refusing(Set.of(".", ".."));

  static final Key<AllOr> SITES =
      Key.required(
          "sites",
          new AllOr(new ListOf(SITE_ID)),
          "The sites to export: 'all' stands for every site that the token can read; a list such "
              + "as [CDBUGS, ABCDEF] names their ids, which 'fathom-export sites' lists.");
  static final Key<WholeNumber> LOOKBACK_DAYS =
      Key.optional(
          "lookback_days",
          new WholeNumber(
              0, PipelineDefinition.MOST_LOOKBACK_DAYS, PipelineDefinition.DEFAULT_LOOKBACK_DAYS),
          "How many days before yesterday each nightly run checks again, since Fathom can still "
              + "change the numbers of past days. The default is 3. Choose more if 'fathom-export "
              + "status' says that numbers changed later than that.");

  /** The mode for all reports of the file. */
  static final Key<Choice> LOOKBACK =
      Key.optional(
          "lookback",
          Choice.of(LookbackMode.labels()).orElse(LookbackMode.CONFIRM.label()),
          "How a nightly run checks the stored days of the look-back. With confirm, the default, "
              + "it asks for their totals and fetches only the days whose totals have changed. With "
              + "fetch, it fetches all of them every night, which takes more requests.");

  private static final Text KEPT =
      Text.matching(
          Keep.WRITTEN, "must be a number of months or years, such as 25 months or 3 years");

  /** The retention of all reports of the file that have a date grouping. */
  static final Key<Text> KEEP =
      Key.optional(
          "keep",
          KEPT,
          "How long stored numbers are kept: the month of yesterday, and this many months or "
              + "years before it. At its end, each run of the whole pipeline removes what is older from "
              + "all sinks, and no run fetches it again. Days that a run can still fetch are always "
              + "kept, and so are reports without date grouping. Without this key, everything is kept.",
          "25 months",
          "3 years");

  static final Key<WholeNumber> MAX_EVENTS =
      Key.optional(
          "max_events",
          new WholeNumber(1, PipelineDefinition.MOST_EVENTS, null),
          "How many events per site are exported at most by reports with 'events: all'. Without "
              + "this key, it is 500, and a run that finds a site with more events ends with exit code "
              + "65. With this key, the events beyond the number are left out without such a failure. "
              + "Each event costs requests.");
  static final Key<Text> EXPECT_BY =
      Key.optional(
          "expect_by",
          Text.matching(
              ExpectBy.WRITTEN,
              "must be hours and minutes, optionally with a time zone, such as 13:00 or 13:00"
                  + " Europe/Berlin"),
          "The time of day by which the nightly run should have fetched the days that are over. "
              + "Until then, 'fathom-export status' shows a day that is not stored yet as due; after "
              + "that, it shows it as late. The time is in UTC unless a time zone follows it. Without this key, the time is "
              + "derived from when earlier runs started.",
          "13:00",
          "13:00 Europe/Berlin");
  static final Choice SINK = Choice.of(List.of(Settings.POSTGRES, Settings.PARQUET));
  static final Key<ListOf> SINKS =
      Key.optional(
          "sinks",
          new ListOf(SINK),
          "Where rows are written: into the PostgreSQL database, into Parquet files, or both. "
              + "Each must be configured in the settings. Without this key, rows are written to all "
              + "that are configured there.");

  static final Key<Text> NAME =
      Key.required(
          "name",
          Text.matching(
                  Report.NAME,
                  "must be 1 to 51 lower-case letters, digits and underscores, beginning with a letter")
              .refusing(Report.RESERVED),
          "The name of the report, which is also the name of its table and of the folder with its "
              + "Parquet files. It has 1 to 51 lower-case letters, digits and underscores, and begins "
              + "with a letter. Each report of the file needs a different name.",
          "pages_daily");
  static final Key<Choice> ENTITY =
      Key.required(
          "entity",
          Choice.of(Entity.class, e -> true),
          "What the report counts: pageview stands for visits and pageviews, event for "
              + "conversions. A report on event also needs the key events.");
  static final Key<AllOr> EVENTS =
      Key.depends(
          "events",
          new AllOr(new ListOf(Text.ANY.ofLength(1, Integer.MAX_VALUE))),
          "The events that a report on entity event covers: 'all' stands for every event of a "
              + "site; a list such as [purchase, signup] gives their names. Each event costs requests. "
              + "Reports on pageview must not have this key.");
  static final Key<ListOf> AGGREGATES =
      Key.required(
          "aggregates",
          new ListOf(Choice.of(Aggregate.class, a -> true)),
          "The numbers that the report contains, in the order of its table's columns. A report on "
              + "pageview can have visits, uniques, pageviews, avg_duration and bounce_rate; a report "
              + "on event can have conversions, unique_conversions and value.");
  static final Key<Choice> DATE_GROUPING =
      Key.optional(
          "date_grouping",
          Choice.of(DateGrouping.class, g -> true).orElse(DateGrouping.NONE.apiName()),
          "The period for which each row of the report counts: an hour, a day, a month or a year. "
              + "With none, the default, each range of days that is exported has one total.");
  static final Key<ListOf> FIELD_GROUPING =
      Key.optional(
          "field_grouping",
          new ListOf(Choice.of(Field.class, Field::groupable)),
          "The fields by which the numbers are divided, in the order of the table's columns. For "
              + "example, [hostname, pathname] gives one row per page. Each further field can mean many "
              + "more rows, and so more requests. Without this key, there is one row per period.");

  static final Key<Choice> PROPERTY =
      Key.required(
          "property",
          Choice.of(Field.class, FILTERABLE),
          "The field whose value the filter compares.");
  static final Key<Choice> OPERATOR =
      Key.required(
          "operator",
          Choice.of(Operator.class, o -> true),
          "How the field is compared with the value. 'is like' means that the field contains the "
              + "value, in which * stands for any characters; 'matching' means that it matches the "
              + "value as a regular expression. Some fields, such as browser and country_code, can only "
              + "be compared with 'is' and 'is not'.");
  static final Key<Text> VALUE =
      Key.required(
          "value",
          Text.ANY,
          "The text with which the field is compared. Write \"\" for the empty text.",
          "/login");
  static final Group FILTER =
      Group.of(PROPERTY, OPERATOR, VALUE)
          .with(
              Arrays.stream(Field.Filtering.values())
                  .filter(kind -> !ofKind(kind).isEmpty())
                  .map(PipelineKeys::operatorsOf)
                  .toArray(Rule[]::new));
  static final Key<ListOf> FILTERS =
      Key.optional(
          "filters",
          new ListOf(FILTER),
          "The conditions that a pageview or an event must meet to be counted. All of them must "
              + "hold, for example {property: pathname, operator: is not, value: /login}. Without this "
              + "key, everything is counted.");

  /** The mode of one report. */
  static final Key<Choice> OWN_LOOKBACK =
      Key.optional(
          LOOKBACK.name(),
          Choice.of(LookbackMode.labels()),
          "How a nightly run checks this report's stored days of the look-back, with confirm or "
              + "fetch. Without this key, what the file says for all of its reports applies.");

  /** The retention of one report. */
  static final Key<Text> OWN_KEEP =
      Key.optional(
          KEEP.name(),
          KEPT,
          "How long the stored numbers of this report are kept. Without this key, what the file "
              + "says for all of its reports applies. A report without date grouping must not have this "
              + "key.",
          "25 months",
          "3 years");

  static final Key<Text> RENAMED_FROM =
      Key.optional(
          "renamed_from",
          Text.matching(
              Report.NAME,
              "must be 1 to 51 lower-case letters, digits and underscores, beginning with a letter"),
          "The earlier name of the report, if you have changed its name. The next run renames its "
              + "table and its folder, and nothing is fetched again. Once that has happened, you can "
              + "remove this key.");

  static final Group REPORT =
      Group.of(
              NAME,
              ENTITY,
              EVENTS,
              AGGREGATES,
              DATE_GROUPING,
              FIELD_GROUPING,
              FILTERS,
              OWN_LOOKBACK,
              OWN_KEEP,
              RENAMED_FROM)
          .with(Arrays.stream(Entity.values()).map(PipelineKeys::keysOf).toArray(Rule[]::new));

  static final Key<ListOf> REPORTS =
      Key.required(
          "reports",
          new ListOf(REPORT),
          "The reports to export. Each becomes one table in PostgreSQL and one set of Parquet "
              + "files.");

  static final Group FILE =
      Group.of(
          SITES,
          LOOKBACK_DAYS,
          LOOKBACK,
          KEEP,
          MAX_EVENTS,
          EXPECT_BY,
          SINKS,
          NotifyKeys.OF_A_PIPELINE,
          REPORTS);

  private PipelineKeys() {}

  private static Rule keysOf(Entity entity) {
    boolean ofEvents = entity == Entity.EVENT;
    List<String> events = List.of(EVENTS.name());
    return new Rule.Where(
        ENTITY.name(),
        List.of(entity.apiName()),
        ofEvents ? events : List.of(),
        ofEvents ? List.of() : events,
        List.of(
            Key.required(
                AGGREGATES.name(),
                new ListOf(Choice.of(Aggregate.class, a -> a.entity() == entity)),
                AGGREGATES.description())));
  }

  private static Rule operatorsOf(Field.Filtering kind) {
    List<String> names = ofKind(kind);
    Set<Operator> operators =
        Arrays.stream(Field.values())
            .filter(field -> field.kind() == kind)
            .findFirst()
            .orElseThrow()
            .operators();
    return new Rule.Where(
        PROPERTY.name(),
        names,
        List.of(),
        List.of(),
        List.of(
            Key.required(
                OPERATOR.name(),
                Choice.of(Operator.class, operators::contains),
                OPERATOR.description())));
  }

  /** Returns the names of the filterable fields of a kind. */
  private static List<String> ofKind(Field.Filtering kind) {
    return Arrays.stream(Field.values())
        .filter(FILTERABLE)
        .filter(field -> field.kind() == kind)
        .map(Field::apiName)
        .toList();
  }
}
