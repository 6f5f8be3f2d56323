package fathomexport.dashboard;

import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.Entity;
import fathomexport.report.Field;
import fathomexport.report.Report;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** A list of the page, and which reports can fill it. */
enum ListKind {
  PAGES("Top pages", "Page"),
  CHANNELS("Channels", "Channel"),
  REFERRERS("Referrers", "Referrer"),
  CAMPAIGNS("Campaigns", "Campaign"),
  COUNTRIES("Countries", "Country");

  private static final Comparator<Report> UNFILTERED =
      Comparator.comparing(r -> !r.filters().isEmpty());

  private static final Comparator<Report> FEWER_FIELDS =
      Comparator.comparing((Report r) -> r.fields().size())
          .thenComparing(r -> -r.aggregates().size())
          .thenComparing(Report::name);

  /** Reports without filters, then those with fewer fields and with more measures. */
  private static final Comparator<Report> PREFERRED = UNFILTERED.thenComparing(FEWER_FIELDS);

  /** Reports without filters, then those whose fields tell more channels. */
  private static final Comparator<Report> MORE_CHANNELS =
      UNFILTERED
          .thenComparing(r -> -new Channels(r.fields()).channelCount())
          .thenComparing(r -> -new Channels(r.fields()).fieldCount())
          .thenComparing(FEWER_FIELDS);

  private final String title;
  private final String column;

  ListKind(String title, String column) {
    this.title = title;
    this.column = column;
  }

  /** Returns the fields of which a report needs one at least. */
  private Set<Field> anyOf() {
    return switch (this) {
      case PAGES -> EnumSet.of(Field.PATHNAME);
      case CHANNELS, REFERRERS -> EnumSet.of(Field.REFERRER_SOURCE, Field.REFERRER_HOSTNAME);
      case CAMPAIGNS -> EnumSet.of(Field.UTM_CAMPAIGN, Field.UTM_SOURCE);
      case COUNTRIES -> EnumSet.of(Field.COUNTRY_CODE);
    };
  }

  String title() {
    return title;
  }

  String column() {
    return column;
  }

  /** Returns what the list's visits are: by page, the API counts them where they began. */
  String visits() {
    return this == PAGES ? "Entrances" : "Visits";
  }

  /** Returns what these reports cannot tell in the list, in sentences for people. */
  String limits(List<Report> filling) {
    boolean campaigns =
        filling.stream()
            .allMatch(r -> r.fields().stream().anyMatch(f -> f.apiName().startsWith("utm_")));
    boolean hosts = filling.stream().allMatch(r -> r.fields().contains(Field.REFERRER_HOSTNAME));
    String words = "";
    if (this == CHANNELS && !campaigns) {
      words =
          "The report has no utm fields: paid, email and campaign visits are under the channels of"
              + " their referrers.";
    }
    if ((this == CHANNELS || this == REFERRERS) && !hosts) {
      words +=
          (words.isEmpty() ? "" : " ")
              + "It has no referrer_hostname: an empty source may be a referral, and is (none).";
    }
    return words;
  }

  /**
   * Returns the reports that can fill the list, the best first: a site takes the first it has. A
   * further field only divides the rows, whose pageviews add up.
   */
  List<Report> candidates(List<Report> reports) {
    return reports.stream()
        .filter(r -> r.entity() == Entity.PAGEVIEW && r.dateGrouping() == DateGrouping.DAY)
        .filter(r -> r.aggregates().contains(Aggregate.PAGEVIEWS))
        .filter(r -> r.fields().stream().anyMatch(anyOf()::contains))
        .sorted(this == CHANNELS ? MORE_CHANNELS : PREFERRED)
        .toList();
  }

  /** Returns whether a row of the list may sum several rows of a day. */
  boolean sumsGroups(Report report) {
    return switch (this) {
      case PAGES -> !EnumSet.of(Field.HOSTNAME, Field.PATHNAME).containsAll(report.fields());
      case CHANNELS -> true;
      case REFERRERS, CAMPAIGNS, COUNTRIES -> report.fields().size() > 1;
    };
  }

  /** Returns the daily reports on events that have conversions, the best first. */
  static List<Report> goals(List<Report> reports) {
    return reports.stream()
        .filter(r -> r.entity() == Entity.EVENT && r.dateGrouping() == DateGrouping.DAY)
        .filter(r -> r.aggregates().contains(Aggregate.CONVERSIONS))
        .sorted(PREFERRED)
        .toList();
  }
}
