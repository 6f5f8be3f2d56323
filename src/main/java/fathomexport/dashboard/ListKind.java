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
  PAGES(
      "Top pages", "Page", EnumSet.of(Field.PATHNAME), EnumSet.of(Field.HOSTNAME, Field.PATHNAME)),
  CHANNELS(
      "Channels",
      "Channel",
      EnumSet.of(Field.REFERRER_SOURCE, Field.REFERRER_HOSTNAME),
      EnumSet.of(Field.REFERRER_SOURCE, Field.REFERRER_HOSTNAME, Field.REFERRER_PATHNAME)),
  REFERRERS(
      "Referrers",
      "Referrer",
      EnumSet.of(Field.REFERRER_SOURCE, Field.REFERRER_HOSTNAME),
      EnumSet.of(Field.REFERRER_SOURCE, Field.REFERRER_HOSTNAME, Field.REFERRER_PATHNAME)),
  CAMPAIGNS(
      "Campaigns",
      "Campaign",
      EnumSet.of(Field.UTM_CAMPAIGN, Field.UTM_SOURCE),
      EnumSet.of(
          Field.UTM_CAMPAIGN,
          Field.UTM_SOURCE,
          Field.UTM_MEDIUM,
          Field.UTM_CONTENT,
          Field.UTM_TERM)),
  COUNTRIES("Countries", "Country", EnumSet.of(Field.COUNTRY_CODE), EnumSet.of(Field.COUNTRY_CODE));

  /** Reports without filters, then those with fewer fields and with more measures. */
  private static final Comparator<Report> PREFERRED =
      Comparator.comparing((Report r) -> !r.filters().isEmpty())
          .thenComparing(r -> r.fields().size())
          .thenComparing(r -> -r.aggregates().size())
          .thenComparing(Report::name);

  private final String title;
  private final String column;
  private final Set<Field> anyOf;
  private final Set<Field> among;

  ListKind(String title, String column, Set<Field> anyOf, Set<Field> among) {
    this.title = title;
    this.column = column;
    this.anyOf = anyOf;
    this.among = among;
  }

  String title() {
    return title;
  }

  String column() {
    return column;
  }

  /** Returns the reports that can fill the list, the best first: a site takes the first it has. */
  List<Report> candidates(List<Report> reports) {
    return reports.stream()
        .filter(r -> r.entity() == Entity.PAGEVIEW && r.dateGrouping() == DateGrouping.DAY)
        .filter(r -> r.aggregates().contains(Aggregate.PAGEVIEWS))
        .filter(r -> r.fields().stream().anyMatch(anyOf::contains))
        .filter(r -> among.containsAll(r.fields()))
        .sorted(PREFERRED)
        .toList();
  }

  /** Returns whether a row of the list may sum several rows of a day. */
  boolean sumsGroups(Report report) {
    return this == CHANNELS
        || (this == REFERRERS && report.fields().size() > 1)
        || (this == CAMPAIGNS && report.fields().size() > 1);
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
