package fathomexport.export;

import fathomexport.dimension.Change;
import fathomexport.plan.Subject;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.run.ExportJob;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Says in words for people what has changed of the sites and events. */
final class DimensionWords {
  /** A line names at most so many events. */
  private static final int EVENTS_NAMED = 5;

  private DimensionWords() {}

  /** Words for people about what has changed, one line per site and kind of change. */
  static List<String> of(DimensionUpdate.Found found, List<Subject> subjects, ExportJob job) {
    Map<SiteId, String> names = new HashMap<>();
    subjects.forEach(s -> names.put(s.site().id(), s.site().name()));
    List<String> words = new ArrayList<>();
    Map<SiteId, List<Slice>> events = new LinkedHashMap<>();
    Set<String> ofRemoved =
        found.removed().stream().flatMap(r -> r.sites().stream()).collect(Collectors.toSet());
    for (Change change : found.changes()) {
      Slice slice = change.slice();
      if (change.kind() == Change.ChangeKind.SITE_GONE && change.before() != null) {
        names.put(slice.site(), change.before());
      }
      String site = site(slice.site(), names);
      switch (change.kind()) {
        case RENAMED ->
            words.add(
                site
                    + " has a new name: it was '"
                    + change.before()
                    + "' before. Its data continues");
        case MOVED ->
            words.add(
                site
                    + " has moved from the time zone "
                    + change.before()
                    + " to "
                    + change.after()
                    + ": its days begin at another hour from now on");
        case ACCOUNT ->
            words.add(
                site
                    + " is exported with the token of account "
                    + change.after()
                    + " now, which pays for its requests; before, it was account "
                    + change.before());
        case CURRENCY ->
            words.add(
                site
                    + ": the currency of the event '"
                    + slice.event()
                    + "' is "
                    + (change.after() == null ? "not known any more" : change.after() + " now")
                    + ", it was "
                    + change.before()
                    + " before. All its amounts, those of earlier days too, are shown "
                    + (change.after() == null ? "without one" : "as " + change.after())
                    + " from now on: the currency is the event's, not the amount's");
        case SITE_GONE -> {
          if (ofRemoved.contains(slice.site().value())) {
            // Its account is named below, with all of its sites.
            continue;
          }
          words.add(
              site
                  + " is no longer listed by the API and is retired: its history stays"
                  + until(found, slice)
                  + ", and it is not late"
                  + (job.sites().isPresent()
                      ? ". Take it out of sites: in pipeline " + job.name()
                      : ""));
        }
        case EVENT_GONE -> events.computeIfAbsent(slice.site(), s -> new ArrayList<>()).add(slice);
        case BACK ->
            words.add(
                site
                    + (slice.event() == null ? "" : ": event '" + slice.event() + "'")
                    + " is listed again and no longer retired");
        case NEW_SITE -> {
          // The run offers its history, with the cost.
        }
      }
    }
    found.removed().forEach(account -> words.add(account.words()));
    events.forEach(
        (id, gone) ->
            words.add(
                site(id, names)
                    + ": "
                    + (gone.size() == 1 ? "the event " : "the events ")
                    + gone.stream()
                        .limit(EVENTS_NAMED)
                        .map(s -> "'" + s.event() + "'" + until(found, s))
                        .collect(Collectors.joining(", "))
                    + (gone.size() > EVENTS_NAMED
                        ? " and " + (gone.size() - EVENTS_NAMED) + " more"
                        : "")
                    + (gone.size() == 1
                        ? " is no longer listed by the API and is retired: its history stays, and"
                            + " it is not late"
                        : " are no longer listed by the API and are retired: their history stays,"
                            + " and they are not late")));
    return words;
  }

  private static String until(DimensionUpdate.Found found, Slice slice) {
    LocalDate last = found.lastDays().get(slice);
    return last == null ? "" : " (last day " + last + ")";
  }

  /** Names a site by its id and its name, as far as that is known. */
  static String site(SiteId id, Map<SiteId, String> names) {
    String name = names.getOrDefault(id, "");
    return "site " + id + (name.isEmpty() ? "" : " (" + name + ")");
  }
}
