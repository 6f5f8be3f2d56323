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
          "The sites to export: all for every site that the token may read, or a list of site ids"
              + " such as [CDBUGS, ABCDEF].");
  static final Key<WholeNumber> LOOKBACK_DAYS =
      Key.optional(
          "lookback_days",
          new WholeNumber(
              0, PipelineDefinition.MOST_LOOKBACK_DAYS, PipelineDefinition.DEFAULT_LOOKBACK_DAYS),
          "How many days before yesterday a nightly run confirms, or fetches again.");

  /** The mode for all reports of the file. */
  static final Key<Choice> LOOKBACK =
      Key.optional(
          "lookback",
          Choice.of(LookbackMode.labels()).orElse(LookbackMode.CONFIRM.label()),
          "What a nightly run does with stored days of the look-back: confirm fetches those that the"
              + " control query does not confirm, fetch fetches all of them.");

  private static final Text KEPT =
      Text.matching(
          Keep.WRITTEN, "must be a number of months or years, such as 25 months or 3 years");

  /** The retention of all reports of the file that have a date grouping. */
  static final Key<Text> KEEP =
      Key.optional(
          "keep",
          KEPT,
          "How long stored periods are kept: the month of yesterday and so many months before it."
              + " Each run of the whole pipeline removes older ones at its end, in all sinks, and"
              + " never fetches them again. What a run can still fetch is always kept, and so is"
              + " what reports without date grouping have stored. Left out, everything is kept.",
          "25 months",
          "3 years");

  static final Key<WholeNumber> MAX_EVENTS =
      Key.optional(
          "max_events",
          new WholeNumber(1, PipelineDefinition.MOST_EVENTS, null),
          "The most events per site that reports on all events ask for. Left out, it is 500, and a"
              + " site with more events ends the run with exit code 65.");
  static final Key<Text> EXPECT_BY =
      Key.optional(
          "expect_by",
          Text.matching(
              ExpectBy.WRITTEN,
              "must be hours and minutes, optionally with a time zone, such as 13:00 or 13:00"
                  + " Europe/Berlin"),
          "The time of day by which the nightly run should have fetched what has ended: before it, a"
              + " day is due, after it late. In UTC, or in the time zone that follows the time. Left"
              + " out, it is derived from the starts of earlier runs.",
          "13:00",
          "13:00 Europe/Berlin");
  static final Choice SINK = Choice.of(List.of(Settings.POSTGRES, Settings.PARQUET));
  static final Key<ListOf> SINKS =
      Key.optional(
          "sinks",
          new ListOf(SINK),
          "The places that rows go to. Each must be configured in the settings. Default: all that"
              + " are.");

  static final Key<Text> NAME =
      Key.required(
          "name",
          Text.matching(Report.NAME, "must be 1 to 51 of a-z, 0-9 and _, beginning with a letter")
              .refusing(Report.RESERVED),
          "The name of the report, which its table and its data set bear: 1 to 51 of a-z, 0-9 and _,"
              + " beginning with a letter. The reports of a file have different names.",
          "pages_daily");
  static final Key<Choice> ENTITY =
      Key.required(
          "entity",
          Choice.of(Entity.class, e -> true),
          "What the report counts. Reports on event also name their events.");
  static final Key<AllOr> EVENTS =
      Key.depends(
          "events",
          new AllOr(new ListOf(Text.ANY.ofLength(1, Integer.MAX_VALUE))),
          "The events of a report on entity event, and of no other: all, or a list of event names"
              + " such as [purchase, signup].");
  static final Key<ListOf> AGGREGATES =
      Key.required(
          "aggregates",
          new ListOf(Choice.of(Aggregate.class, a -> true)),
          "The measures, in the order of the table's columns. Which are allowed depends on the"
              + " entity.");
  static final Key<Choice> DATE_GROUPING =
      Key.optional(
          "date_grouping",
          Choice.of(DateGrouping.class, g -> true).orElse(DateGrouping.NONE.apiName()),
          "How rows are grouped by time. With none, a range of days has one total.");
  static final Key<ListOf> FIELD_GROUPING =
      Key.optional(
          "field_grouping",
          new ListOf(Choice.of(Field.class, Field::groupable)),
          "The fields that rows are grouped by, in the order of the table's columns. More fields"
              + " mean many more rows.");

  static final Key<Choice> PROPERTY =
      Key.required(
          "property", Choice.of(Field.class, FILTERABLE), "The field that the filter is about.");
  static final Key<Choice> OPERATOR =
      Key.required(
          "operator",
          Choice.of(Operator.class, o -> true),
          "How the field is compared with the value. 'is like' takes * as a wildcard, 'matching' a"
              + " regular expression. Fields such as browser or country_code take 'is' and 'is not'"
              + " only.");
  static final Key<Text> VALUE =
      Key.required(
          "value",
          Text.ANY,
          "The text that the field is compared with; \"\" is the empty text.",
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
          "Conditions that must all hold, such as {property: pathname, operator: is not, value:"
              + " /login}.");

  /** The mode of one report. */
  static final Key<Choice> OWN_LOOKBACK =
      Key.optional(
          LOOKBACK.name(),
          Choice.of(LookbackMode.labels()),
          "What a nightly run does with this report's stored days of the look-back; left out, what"
              + " the file says for all its reports.");

  /** The retention of one report. */
  static final Key<Text> OWN_KEEP =
      Key.optional(
          KEEP.name(),
          KEPT,
          "How long this report's stored periods are kept; left out, as the file says for all its"
              + " reports. Not for reports without date grouping.",
          "25 months",
          "3 years");

  static final Key<Text> RENAMED_FROM =
      Key.optional(
          "renamed_from",
          Text.matching(Report.NAME, "must be 1 to 51 of a-z, 0-9 and _, beginning with a letter"),
          "The earlier name of the report. The next run renames its table and its folder, with all"
              + " that is known of them, unless that is done already.");

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
          "The reports. Each is a table in PostgreSQL and a Parquet data set.");

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
