package fathomexport.dashboard;

import fathomexport.dashboard.Facts.Row;
import fathomexport.report.Field;
import fathomexport.report.Report;
import fathomexport.sink.postgres.views.ChannelRules;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What both sources do alike with the rows of a list. */
final class Labelling {
  /** The fields of a campaign, the one that names it first. */
  static final List<Field> CAMPAIGN =
      List.of(Field.UTM_CAMPAIGN, Field.UTM_SOURCE, Field.UTM_MEDIUM);

  /** Stands for visits without a referrer. */
  private static final String DIRECT = "(direct)";

  /** Stands for a field without a value, as in the views. */
  static final String NONE = "(none)";

  private static final Pattern LOOKS_LIKE_NONE = Pattern.compile("\"*\\(none\\)\"*");

  private Labelling() {}

  /** Returns a field as the views show it: a real value {@code (none)} stands in quotes. */
  static String shown(@Nullable String value) {
    if (value == null) {
      return NONE;
    }
    return LOOKS_LIKE_NONE.matcher(value).matches() ? '"' + value + '"' : value;
  }

  /** Returns whether a field as the views show it has a value. */
  static boolean present(String shown) {
    return !shown.isEmpty() && !shown.equals(NONE);
  }

  /**
   * Returns what stands for rows whose referrer fields are empty: a referral may have a host name
   * and no source, so that an empty source alone is not known to be direct.
   */
  static String noReferrer(List<Field> fields) {
    return ChannelRules.knowsEmpty(
            Field.REFERRER_SOURCE.apiName(), fields.stream().map(Field::apiName).toList())
        ? DIRECT
        : NONE;
  }

  /** Returns the name of a list's report, with what limits it. */
  static String source(Report report) {
    return report.filters().isEmpty() ? report.name() : report.name() + " (with filters)";
  }

  /** Leaves the visits out where their sum may not be the number of the whole. */
  static List<Row> withVisits(
      Facts facts,
      ListKind kind,
      Report report,
      Set<String> sites,
      String site,
      Collection<Row> rows) {
    Set<String> summed = site.equals(Facts.ALL_SITES) ? sites : Set.of(site);
    boolean adds =
        summed.stream()
            .allMatch(
                s ->
                    facts.addsUp(report.name(), s, Facts.VISITS, Facts.OVER_DAYS)
                        && (!kind.sumsGroups(report)
                            || facts.addsUp(report.name(), s, Facts.VISITS, Facts.OVER_GROUPS)));
    return rows.stream()
        .map(r -> adds ? r : new Row(r.main(), r.sub(), r.pageviews(), null))
        .toList();
  }
}
