package fathomexport.listing;

import fathomexport.plan.Subject;
import fathomexport.report.EventSelection;
import fathomexport.report.Excerpt;
import fathomexport.report.Report;
import fathomexport.report.Slice;
import fathomexport.run.ExportJob;
import fathomexport.run.FailureKind;
import fathomexport.run.WindowOutcome;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Limits how many events per site are queried for reports on all events: a visitor can invent
 * events, and each costs requests every night. Stored events are kept first, then the first of the
 * API's list, which is oldest first, so that every night keeps the same events. Events that a
 * report names are always kept.
 *
 * @param subjects the sites with the events that are kept
 * @param leftOut one outcome per site with too many events; a failure unless the pipeline itself
 *     sets the limit
 */
public record EventBound(List<Subject> subjects, List<WindowOutcome> leftOut) {
  private static final int EXAMPLES = 3;

  public EventBound {
    subjects = List.copyOf(subjects);
    leftOut = List.copyOf(leftOut);
  }

  public static EventBound of(ExportJob job, List<Subject> subjects, Set<Slice> stored) {
    int most = job.mostEvents();
    boolean asksForAll =
        job.reports().stream().map(Report::events).anyMatch(EventSelection.All.class::isInstance);
    Set<String> named =
        job.reports().stream()
            .map(Report::events)
            .filter(EventSelection.Named.class::isInstance)
            .flatMap(selection -> ((EventSelection.Named) selection).names().stream())
            .collect(Collectors.toSet());
    List<Subject> bounded = new ArrayList<>();
    List<WindowOutcome> leftOut = new ArrayList<>();
    for (Subject subject : subjects) {
      if (!asksForAll || subject.events().size() <= most) {
        bounded.add(subject);
        continue;
      }
      Set<String> kept = new LinkedHashSet<>();
      subject.events().stream()
          .filter(event -> stored.contains(new Slice(subject.site().id(), event)))
          .limit(most)
          .forEach(kept::add);
      for (String event : subject.events()) {
        if (kept.size() < most) {
          kept.add(event);
        }
      }
      kept.addAll(named);
      List<String> others = subject.events().stream().filter(e -> !kept.contains(e)).toList();
      bounded.add(
          new Subject(subject.site(), subject.events().stream().filter(kept::contains).toList()));
      leftOut.add(outcome(subject, others, most, job.maxEvents() == null));
    }
    return new EventBound(bounded, leftOut);
  }

  private static WindowOutcome outcome(
      Subject subject, List<String> others, int most, boolean byDefault) {
    String message =
        "the site lists "
            + subject.events().size()
            + " events; reports on all events fetch "
            + most
            + " of them (max_events), first those that are stored, then the oldest. Left out are "
            + others.size()
            + ", such as "
            + others.stream()
                .limit(EXAMPLES)
                .map(name -> "'" + Excerpt.of(name) + "'")
                .collect(Collectors.joining(", "))
            + (byDefault
                ? "; set max_events in the pipeline to fetch more, or to accept this"
                : "");
    String where = "events of site " + subject.site().id();
    WindowOutcome outcome =
        byDefault
            ? WindowOutcome.failed(where, FailureKind.INCOMPLETE, message)
            : new WindowOutcome(where, null, message, false, 0, 0, 0);
    return outcome.about(subject.site().id());
  }
}
