package fathomexport.sink.postgres.views;

import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import java.util.List;
import java.util.Map;

/** The measures of views: their types, their expressions, and what they mean. */
final class Measures {
  private Measures() {}

  static final String BIGINT = "bigint";
  static final String DOUBLE = "double precision";
  static final String NUMERIC = "numeric";
  static final String TEXT = "text";
  static final String DATE = "date";

  /** The aggregates of pageviews, in the API's order. */
  static final List<Aggregate> OF_PAGEVIEWS =
      List.of(
          Aggregate.VISITS,
          Aggregate.UNIQUES,
          Aggregate.PAGEVIEWS,
          Aggregate.AVG_DURATION,
          Aggregate.BOUNCE_RATE);

  private static final String WHERE_MEASURED =
      ". Do not sum it: it adds up only where fathom_bi.additivity shows that it does";

  private static final Map<Aggregate, String> MEANING =
      Map.of(
          Aggregate.VISITS,
          "Visits to the site. Adds up over days, unless fathom_bi.additivity shows otherwise",
          Aggregate.UNIQUES,
          "Unique visitors" + WHERE_MEASURED,
          Aggregate.PAGEVIEWS,
          "Pageviews. Adds up over days and over groups",
          Aggregate.AVG_DURATION,
          "Average duration in seconds; null where none was measured. Never add it up or average"
              + " it: it has no weight",
          Aggregate.BOUNCE_RATE,
          "Bounce rate in percent, 0 to 100; null without visits. Do not average it: divide the"
              + " sum of bounces by the sum of visits",
          Aggregate.CONVERSIONS,
          "Completions of the event. Adds up over days and over groups",
          Aggregate.UNIQUE_CONVERSIONS,
          "Unique visitors that completed the event" + WHERE_MEASURED,
          Aggregate.VALUE,
          "Value of the conversions in units of the currency; null where the event has none. Adds"
              + " up over days and groups within one currency");

  /**
   * What measures mean in a report that is grouped or filtered by page: there the API counts visits
   * by the page where they began, and unique visitors by the pages that they saw.
   */
  private static final Map<Aggregate, String> MEANING_BY_PAGE =
      Map.of(
          Aggregate.VISITS,
          "Entrances: visits by the page where they began, since the report is grouped or filtered"
              + " by page. Adds up over days, unless fathom_bi.additivity shows otherwise",
          Aggregate.UNIQUES,
          "Unique visitors who saw the page, wherever they came in" + WHERE_MEASURED,
          Aggregate.BOUNCE_RATE,
          "Bounce rate of the entrances in percent, 0 to 100; null without entrances. Do not average"
              + " it: divide the sum of bounces by the sum of visits");

  static final String SITE_NAME =
      "The site's present name; null until the API has listed the site. Two sites may have one name:"
          + " group by site_id";
  static final String BOUNCES =
      "Visits that bounced: visits times bounce rate, a whole number. Adds up over days and groups";
  private static final String BOUNCES_BY_PAGE =
      "Entrances that bounced: entrances times bounce rate, a whole number. Adds up over days and"
          + " groups";
  static final String VALUE_CENTS =
      "Value of the conversions in cents, as the API reports it. Adds up over days and groups"
          + " within one currency";
  static final String CURRENCY =
      "Currency of the value (ISO 4217); null where neither the API nor the setting currencies names it";

  /**
   * Returns what a measure means and how it may be summed: rows without date grouping are of ranges
   * that may overlap, so nothing adds up over them.
   *
   * @param byPage whether the report is grouped or filtered by page
   */
  static String meaning(Aggregate aggregate, DateGrouping grouping, boolean byPage) {
    String meaning = MEANING.getOrDefault(aggregate, aggregate.apiName());
    return over(grouping, byPage ? MEANING_BY_PAGE.getOrDefault(aggregate, meaning) : meaning);
  }

  /** Returns what a measure of a report means and how it may be summed. */
  static String meaning(KnownReport report, Aggregate aggregate) {
    return meaning(aggregate, report.grouping(), report.byPage());
  }

  /** Returns what the bounces of a report mean and how they may be summed. */
  static String bounces(DateGrouping grouping, boolean byPage) {
    return over(grouping, byPage ? BOUNCES_BY_PAGE : BOUNCES);
  }

  /** Returns what a report's pageviews per visit mean. */
  static String pageviewsPerVisit(boolean byPage) {
    return byPage
        ? "Pageviews of the pages divided by the entrances (visits that began there); null without"
            + " entrances. Do not average it: divide the sums"
        : "Pageviews divided by visits; null without visits. Do not average it: divide the sums";
  }

  /** Returns words on a measure that add up over days, as they apply to a report. */
  static String over(DateGrouping grouping, String meaning) {
    if (grouping != DateGrouping.NONE) {
      return meaning;
    }
    return meaning
            .replace(
                "Adds up over days, unless fathom_bi.additivity shows otherwise",
                "Adds up over groups of one range, unless fathom_bi.additivity shows otherwise")
            .replace("Adds up over days and over groups", "Adds up over groups of one range")
            .replace("Adds up over days and groups", "Adds up over groups of one range")
        + ". Do not sum it over ranges: they may overlap";
  }

  static String type(Aggregate aggregate) {
    return switch (aggregate) {
      case AVG_DURATION, BOUNCE_RATE -> DOUBLE;
      default -> BIGINT;
    };
  }

  /** Returns the expression of the visits that bounced; null where the rate is not known. */
  static String bounces(String visits, String rate) {
    return "CASE WHEN "
        + visits
        + " = 0 THEN 0 ELSE round("
        + visits
        + " * "
        + rate
        + " / 100) END";
  }

  /**
   * Returns the sum of a measure that no row lacks; null, not a part, where one does not have it.
   */
  static String sum(String measure) {
    return "CASE WHEN count(*) = count(" + measure + ") THEN sum(" + measure + ")::bigint END";
  }

  /** Returns the expression of a share or ratio; null where the divisor is null or 0. */
  static String ratio(String dividend, String divisor) {
    return dividend + "::double precision / nullif(" + divisor + ", 0)";
  }
}
