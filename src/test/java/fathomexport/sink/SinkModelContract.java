package fathomexport.sink;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.ledger.Attempt;
import fathomexport.ledger.CertificateStatus;
import fathomexport.ledger.LedgerEntry;
import fathomexport.ledger.PeriodCertificate;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Field;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.testing.LoadBuilder;
import fathomexport.testing.Rows;
import fathomexport.testing.TestDirectories;
import fathomexport.testing.TestReports;
import java.io.IOException;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.temporal.Temporal;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.Tag;
import net.jqwik.api.Tuple;
import net.jqwik.api.lifecycle.AfterTry;
import net.jqwik.api.lifecycle.BeforeTry;
import org.jspecify.annotations.Nullable;

/**
 * Whatever windows are committed, in whatever order: a sink holds what a map of periods would. A
 * sink's properties extend this and say how to open one on an empty place.
 */
public abstract class SinkModelContract {
  private static final LocalDate START = LocalDate.of(2026, 5, 26);
  private static final List<Slice> SLICES =
      List.of(new Slice(new SiteId("AAA"), null), new Slice(new SiteId("BBB"), null));
  private static final @Nullable String[] TEXTS = {null, "", "a", "=", "ä"};

  private Path spill = Path.of("");

  /** Opens a sink on a place that is empty; its own instance of this class is one try. */
  protected abstract Sink openEmpty();

  @BeforeTry
  void makeSpillDirectory() throws IOException {
    spill = TestDirectories.create();
  }

  @AfterTry
  void removeSpillDirectory() throws IOException {
    TestDirectories.delete(spill);
  }

  /** How a period of a window turned out. */
  enum Status {
    CERTIFIED,
    UNCERTIFIED,
    INCOMPLETE,
    INCOMPLETE_BUT_USEFUL
  }

  record Row(int day, int hour, int text, int value) {}

  record Step(int slice, int first, int days, List<Row> rows, List<Status> statuses) {}

  record Key(Slice slice, LocalDate period, LocalDate end) implements Comparable<Key> {
    @Override
    public int compareTo(Key o) {
      int bySlice = slice.site().compareTo(o.slice.site());
      int byPeriod = period.compareTo(o.period);
      return bySlice != 0 ? bySlice : byPeriod != 0 ? byPeriod : end.compareTo(o.end);
    }
  }

  @Provide
  Arbitrary<DateGrouping> groupings() {
    return Arbitraries.of(DateGrouping.values());
  }

  @Provide
  Arbitrary<List<Step>> steps() {
    Arbitrary<Row> row =
        Combinators.combine(
                Arbitraries.integers().between(0, 4),
                Arbitraries.integers().between(0, 23),
                Arbitraries.integers().between(0, TEXTS.length - 1),
                Arbitraries.integers().between(0, 2))
            .as(Row::new);
    Arbitrary<Status> status =
        Arbitraries.frequency(
            Tuple.of(6, Status.CERTIFIED),
            Tuple.of(1, Status.UNCERTIFIED),
            Tuple.of(2, Status.INCOMPLETE),
            Tuple.of(2, Status.INCOMPLETE_BUT_USEFUL));
    return Combinators.combine(
            Arbitraries.integers().between(0, SLICES.size() - 1),
            Arbitraries.integers().between(0, 8),
            Arbitraries.integers().between(1, 5),
            row.list().ofMaxSize(8),
            status.list().ofSize(5))
        .as(Step::new)
        .list()
        .ofMinSize(1)
        .ofMaxSize(12);
  }

  @Property(tries = 15, shrinking = ShrinkingMode.BOUNDED)
  void holdsWhatAMapWould(
      @ForAll("groupings") DateGrouping grouping, @ForAll("steps") List<Step> steps) {
    assertHoldsWhatAMapWould(grouping, steps);
  }

  @Tag("chaos")
  @Property(tries = 200, shrinking = ShrinkingMode.BOUNDED)
  void holdsWhatAMapWouldAfterAnySteps(
      @ForAll("groupings") DateGrouping grouping, @ForAll("steps") List<Step> steps) {
    assertHoldsWhatAMapWould(grouping, steps);
  }

  private void assertHoldsWhatAMapWould(DateGrouping grouping, List<Step> steps) {
    Report report = TestReports.pageviews("model", grouping, Field.PATHNAME);
    Map<Key, List<List<@Nullable Object>>> rows = new TreeMap<>();
    Map<Key, LedgerEntry> entries = new TreeMap<>();
    Map<Key, Attempt> attempts = new TreeMap<>();
    try (Sink sink = openEmpty()) {
      sink.migrate(List.of(report));
      for (int i = 0; i < steps.size(); i++) {
        LoadBuilder load = load(report, steps.get(i)).run("run-" + i, LoadBuilder.FETCHED_AT);
        CommitResult expected = apply(load, report, rows, entries, attempts);

        CommitResult actual = sink.commit(load.build());

        assertThat(actual).as("step %s", i).isEqualTo(expected);
      }
      for (Slice slice : SLICES) {
        assertThat(
                Rows.drain(
                    report.schema(),
                    sink.stored(
                        report, slice, new DayRange(START.withDayOfYear(1), START.plusYears(1)))))
            .isEqualTo(
                rows.entrySet().stream()
                    .filter(e -> e.getKey().slice().equals(slice))
                    .flatMap(e -> e.getValue().stream())
                    .toList());
      }
      assertThat(sink.ledger().entries(report.name(), List.of(), LocalDate.MIN))
          .containsExactlyInAnyOrderElementsOf(entries.values());
      assertThat(sink.ledger().openAttempts(report.name()))
          .containsExactlyInAnyOrderElementsOf(attempts.values());
    }
  }

  private LoadBuilder load(Report report, Step step) {
    DateGrouping grouping = report.dateGrouping();
    LocalDate first = grouping.periodStart(START.plusDays(step.first()));
    LocalDate last = START.plusDays(step.first() + step.days() - 1);
    LoadBuilder load =
        new LoadBuilder(report, SLICES.get(step.slice()), new DayRange(first, last), spill);
    Set<List<@Nullable Object>> keys = new HashSet<>();
    for (Row row : step.rows()) {
      LocalDate day = START.plusDays(step.first() + row.day() % step.days());
      Temporal time =
          switch (grouping) {
            case HOUR -> day.atTime(row.hour(), 0);
            case DAY, MONTH, YEAR -> grouping.periodStart(day);
            case NONE -> first;
          };
      String text = TEXTS[row.text()];
      List<@Nullable Object> key = new ArrayList<>();
      key.add(time);
      key.add(text);
      if (keys.add(key)) {
        load.row(
            time, text, row.value(), row.value() * 2, row.value() == 0 ? null : row.value() / 3.0);
      }
    }
    List<LocalDate> periods = load.window().periods().toList();
    for (int i = 0; i < periods.size(); i++) {
      LocalDate period = periods.get(i);
      switch (step.statuses().get(i % step.statuses().size())) {
        case CERTIFIED -> {}
        case UNCERTIFIED -> load.uncertified(period);
        case INCOMPLETE -> load.incomplete(period, false);
        case INCOMPLETE_BUT_USEFUL -> load.incomplete(period, true);
      }
    }
    return load;
  }

  /** What the contract says a commit does, done to maps. */
  private static CommitResult apply(
      LoadBuilder load,
      Report report,
      Map<Key, List<List<@Nullable Object>>> rows,
      Map<Key, LedgerEntry> entries,
      Map<Key, Attempt> attempts) {
    long stored = 0;
    List<LocalDate> changed = new ArrayList<>();
    List<LocalDate> kept = new ArrayList<>();
    Collection<PeriodCertificate> certificates = load.certificates();
    for (PeriodCertificate c : certificates) {
      LocalDate end =
          report.dateGrouping() == DateGrouping.NONE
              ? load.window().days().last()
              : report.dateGrouping().periodEnd(c.period());
      Key key = new Key(load.window().slice(), c.period(), end);
      LedgerEntry before = entries.get(key);
      boolean storedBefore = before != null && before.stored();
      boolean failed = c.status() == CertificateStatus.INCOMPLETE;
      boolean store = !failed || (c.storeIfAbsent() && !storedBefore);
      List<List<@Nullable Object>> own =
          load.rows().stream()
              .filter(r -> report.dateGrouping().periodStart(day(r)).equals(c.period()))
              .toList();
      if (store) {
        if (!own.equals(rows.getOrDefault(key, List.of()))) {
          changed.add(c.period());
        }
        rows.put(key, own);
        stored += own.size();
      } else {
        kept.add(c.period());
      }
      if (store || !storedBefore) {
        entries.put(key, load.entry(c, store));
      }
      attempts.remove(key);
      String reason = c.reason();
      if (failed && reason != null) {
        attempts.put(
            key,
            new Attempt(
                report.name(),
                load.window().slice(),
                c.period(),
                c.coversTo(),
                load.window().id(),
                load.provenance().fetchedAt(),
                load.provenance().runId(),
                reason,
                storedBefore));
      }
    }
    return new CommitResult(stored, changed, kept);
  }

  private static LocalDate day(List<@Nullable Object> row) {
    Object time = row.get(1);
    return time instanceof LocalDateTime t ? t.toLocalDate() : (LocalDate) time;
  }
}
