package fathomexport.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import fathomexport.ledger.Attempt;
import fathomexport.ledger.Audit;
import fathomexport.ledger.CertificateStatus;
import fathomexport.ledger.JournalCount;
import fathomexport.ledger.KnownDifference;
import fathomexport.ledger.Learned;
import fathomexport.ledger.Ledger;
import fathomexport.ledger.LedgerEntry;
import fathomexport.ledger.OffsetSupport;
import fathomexport.ledger.PeriodCertificate;
import fathomexport.ledger.PeriodSum;
import fathomexport.ledger.PipelineLocks;
import fathomexport.ledger.QuarantinedRow;
import fathomexport.ledger.RateUnit;
import fathomexport.ledger.Restatement;
import fathomexport.ledger.RestatementReason;
import fathomexport.ledger.RunRecord;
import fathomexport.ledger.StoredRange;
import fathomexport.ledger.Stretch;
import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.DifferenceCause;
import fathomexport.report.Field;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.report.rows.RowSpool;
import fathomexport.run.RunRecords;
import fathomexport.testing.LoadBuilder;
import fathomexport.testing.Rows;
import fathomexport.testing.TestReports;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.assertj.core.api.ThrowableAssert;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What every sink must do. A sink's test extends this and says how to open one; its own tests are
 * about what only that place has.
 */
public abstract class SinkContract {
  protected static final Slice SITE = new Slice(new SiteId("CDBUGS"), null);
  protected static final Slice OTHER_SITE = new Slice(new SiteId("ÄÖ/..\\x"), null);
  protected static final Slice SIGNUP = new Slice(new SiteId("CDBUGS"), "signup");
  protected static final LocalDate D1 = LocalDate.of(2026, 6, 1);
  protected static final LocalDate D2 = D1.plusDays(1);
  protected static final LocalDate D3 = D1.plusDays(2);
  protected static final LocalDate D4 = D1.plusDays(3);
  protected static final DayRange THREE_DAYS = new DayRange(D1, D3);
  protected static final DayRange ALWAYS =
      new DayRange(LocalDate.of(2020, 1, 1), LocalDate.of(2030, 12, 31));
  protected static final Instant LATER = LoadBuilder.FETCHED_AT.plusSeconds(86_400);

  @TempDir protected Path spill;

  private @Nullable Sink opened;

  /**
   * Opens a sink on the test's own place, which was empty before the test. Called again, it opens
   * another sink on the same place.
   */
  protected abstract Sink open();

  @AfterEach
  void closeSink() {
    if (opened != null) {
      opened.close();
    }
  }

  /** The test's sink, ready for these reports. */
  protected Sink sink(Report... reports) {
    Sink sink = opened;
    if (sink == null) {
      sink = open();
      opened = sink;
    }
    sink.migrate(Arrays.asList(reports));
    return sink;
  }

  protected LoadBuilder load(Report report, Slice slice, LocalDate first, LocalDate last) {
    return new LoadBuilder(report, slice, new DayRange(first, last), spill);
  }

  /** Three days of traffic, with 10, 20 and 30 pageviews. */
  protected LoadBuilder threeDays() {
    return load(TestReports.traffic(), SITE, D1, D3)
        .row(D1, 1, 10, 1.5)
        .row(D2, 2, 20, null)
        .row(D3, 3, 30, 0.0);
  }

  protected static List<List<@Nullable Object>> stored(Sink sink, Report report, Slice slice) {
    return Rows.drain(report.schema(), sink.stored(report, slice, ALWAYS));
  }

  protected static List<LedgerEntry> entries(Sink sink, Report report) {
    return sink.ledger().entries(report.name(), List.of(), LocalDate.MIN);
  }

  protected static SinkException refused(SinkException.Kind kind, ThrowingAction action) {
    SinkException e = catchThrowableOfType(SinkException.class, action::run);
    assertThat(e).as("a refusal").isNotNull();
    assertThat(e.kind()).as(e.getMessage()).isEqualTo(kind);
    return e;
  }

  /** What is expected to fail. */
  @FunctionalInterface
  protected interface ThrowingAction {
    void run() throws Exception;
  }

  // --- Rows: replaced period by period, and only when they differ

  @Test
  void firstLoadStoresRowsAndLedgerEntries() {
    Report report = TestReports.traffic();
    Sink sink = sink(report);
    LoadBuilder load = threeDays().uncertified(D2);

    CommitResult result = sink.commit(load.build());

    assertThat(result).isEqualTo(new CommitResult(3, List.of(D1, D2, D3), List.of()));
    assertThat(stored(sink, report, SITE)).isEqualTo(load.rows());
    assertThat(entries(sink, report)).containsExactlyInAnyOrderElementsOf(load.entries());
    assertThat(sink.ledger().restatements(report.name(), 10)).isEmpty();
    assertThat(sink.ledger().openAttempts(report.name())).isEmpty();
  }

  @Test
  void whatWasStoredIsThereForAnotherSink() {
    Report report = TestReports.traffic();
    LoadBuilder load = threeDays();
    sink(report).commit(load.build());

    try (Sink other = open()) {
      other.migrate(List.of(report));
      assertThat(stored(other, report, SITE)).isEqualTo(load.rows());
      assertThat(entries(other, report)).containsExactlyInAnyOrderElementsOf(load.entries());
    }
  }

  @Test
  void identicalReloadChangesNoPeriodButRenewsTheLedger() {
    Report report = TestReports.traffic();
    Sink sink = sink(report);
    sink.commit(threeDays().build());
    LoadBuilder again = threeDays().run("run-2", LATER).definition("definition-2");

    CommitResult result = sink.commit(again.build());

    assertThat(result).isEqualTo(new CommitResult(3, List.of(), List.of()));
    assertThat(stored(sink, report, SITE)).isEqualTo(again.rows());
    assertThat(entries(sink, report)).containsExactlyInAnyOrderElementsOf(again.entries());
    assertThat(sink.ledger().restatements(report.name(), 10)).isEmpty();
  }

  @Test
  void changedPeriodIsReplacedAndJournaledAndOthersAreNot() {
    Report report = TestReports.traffic();
    Sink sink = sink(report);
    sink.commit(threeDays().build());
    LoadBuilder changed =
        load(report, SITE, D1, D3)
            .row(D1, 1, 10, 1.5)
            .row(D2, 2, 25, null)
            .row(D3, 3, 30, 0.0)
            .run("run-2", LATER);

    CommitResult result = sink.commit(changed.build());

    assertThat(result).isEqualTo(new CommitResult(3, List.of(D2), List.of()));
    assertThat(stored(sink, report, SITE)).isEqualTo(changed.rows());
    List<Restatement> journal = sink.ledger().restatements(report.name(), 10);
    assertThat(journal)
        .contains(
            new Restatement(
                report.name(),
                SITE,
                D2,
                "pageviews",
                20.0,
                25.0,
                LATER,
                "run-2",
                RestatementReason.SOURCE),
            new Restatement(
                report.name(),
                SITE,
                D2,
                "rows",
                1.0,
                1.0,
                LATER,
                "run-2",
                RestatementReason.SOURCE))
        .allMatch(r -> r.period().equals(D2));
    assertThat(sink.ledger().restatedBy(report.name(), "run-2"))
        .isEqualTo(Map.of(SITE, Set.of(D2)));
    assertThat(sink.ledger().restatedBy(report.name(), "run-1")).isEmpty();
  }

  @Test
  void theJournalSaysWhyNumbersChanged() {
    Report report = TestReports.traffic();
    Sink sink = sink(report);
    sink.commit(load(report, SITE, D1, D1).row(D1, 1, 10, 1.5).rateUnit(RateUnit.RATIO).build());

    assertThat(reasonsAfter(sink, load(report, SITE, D1, D1).row(D1, 1, 11, 1.5)))
        .as("the unit is unknown")
        .containsOnly(RestatementReason.SOURCE);
    assertThat(
            reasonsAfter(
                sink, load(report, SITE, D1, D1).row(D1, 1, 12, 1.5).rateUnit(RateUnit.RATIO)))
        .containsOnly(RestatementReason.SOURCE);
    assertThat(
            reasonsAfter(
                sink, load(report, SITE, D1, D1).row(D1, 1, 12, 1.6).rateUnit(RateUnit.PERCENT)))
        .as("no count has changed")
        .containsOnly(RestatementReason.UNIT);
    assertThat(
            reasonsAfter(
                sink, load(report, SITE, D1, D1).row(D1, 1, 13, 1.7).rateUnit(RateUnit.RATIO)))
        .as("a count has changed, too")
        .containsOnly(RestatementReason.SOURCE);
    assertThat(
            reasonsAfter(
                sink, load(report, SITE, D1, D1).row(D1, 1, 14, 1.7).zone("Europe/Lisbon")))
        .containsOnly(RestatementReason.ZONE);
    assertThat(
            reasonsAfter(
                sink,
                load(report, SITE, D1, D1)
                    .row(D1, 1, 15, 1.7)
                    .zone("Europe/Vienna")
                    .definition("definition-2")))
        .containsOnly(RestatementReason.DEFINITION);
  }

  private static Set<@Nullable RestatementReason> reasonsAfter(Sink sink, LoadBuilder load) {
    Instant at = LATER.plusSeconds(sink.ledger().restatements(load.window().report(), 100).size());
    sink.commit(load.run("run-" + at, at).build());
    return sink.ledger().restatements(load.window().report(), 100).stream()
        .filter(r -> r.at().equals(at))
        .map(Restatement::reason)
        .collect(Collectors.toSet());
  }

  @Test
  void aChangeThatKeepsAllSumsIsStillAChange() {
    Report report = TestReports.pages();
    Sink sink = sink(report);
    sink.commit(
        load(report, SITE, D1, D1)
            .row(D1, "a.example", "/x", 1, 5, null)
            .row(D1, "a.example", "/y", 1, 6, null)
            .build());
    LoadBuilder swapped =
        load(report, SITE, D1, D1)
            .row(D1, "a.example", "/x", 1, 6, null)
            .row(D1, "a.example", "/y", 1, 5, null);

    assertThat(sink.commit(swapped.build()).changed()).containsExactly(D1);
    assertThat(stored(sink, report, SITE)).isEqualTo(swapped.rows());
    assertThat(sink.ledger().restatements(report.name(), 10)).isNotEmpty();
  }

  @Test
  void aNullThatBecomesZeroIsAChange() {
    Report report = TestReports.traffic();
    Sink sink = sink(report);
    sink.commit(load(report, SITE, D1, D1).row(D1, 1, 1, null).build());
    LoadBuilder zero = load(report, SITE, D1, D1).row(D1, 1, 1, 0.0);

    assertThat(sink.commit(zero.build()).changed()).containsExactly(D1);
    assertThat(stored(sink, report, SITE)).isEqualTo(zero.rows());
  }

  @Test
  void windowsThatOverlapReplaceOnlyTheirOwnDays() {
    Report report = TestReports.traffic();
    Sink sink = sink(report);
    LoadBuilder first = threeDays();
    sink.commit(first.build());
    LoadBuilder second =
        load(report, SITE, D2, D4).row(D2, 2, 20, null).row(D3, 9, 90, 9.0).row(D4, 4, 40, 4.0);

    CommitResult result = sink.commit(second.build());

    assertThat(result).isEqualTo(new CommitResult(3, List.of(D3, D4), List.of()));
    LoadBuilder all =
        load(report, SITE, D1, D4)
            .row(D1, 1, 10, 1.5)
            .row(D2, 2, 20, null)
            .row(D3, 9, 90, 9.0)
            .row(D4, 4, 40, 4.0);
    assertThat(stored(sink, report, SITE)).isEqualTo(all.rows());
    assertThat(entries(sink, report))
        .containsExactlyInAnyOrder(
            first.entries().get(0),
            second.entries().get(0),
            second.entries().get(1),
            second.entries().get(2));
    assertThat(Rows.drain(report.schema(), sink.stored(report, SITE, new DayRange(D2, D3))))
        .isEqualTo(all.rows().subList(1, 3));
  }

  @Test
  void slicesDoNotTouchEachOther() {
    Report goals = TestReports.goals();
    List<Slice> slices =
        List.of(
            SIGNUP,
            new Slice(SIGNUP.site(), "Kauf \"groß\" 50% / ../x\\y 🛒=1&b"),
            new Slice(SIGNUP.site(), "SIGNUP"),
            new Slice(SIGNUP.site(), "signup "),
            new Slice(new SiteId("cdbugs"), "signup"),
            new Slice(OTHER_SITE.site(), "signup"));
    Sink sink = sink(goals);
    for (int i = 0; i < slices.size(); i++) {
      sink.commit(goals(slices.get(i), i).build());
    }
    LoadBuilder changed = load(goals, SIGNUP, D1, D2).row(D2, null, 7, 7, null);
    assertThat(sink.commit(changed.build()).changed()).containsExactly(D1, D2);

    assertThat(stored(sink, goals, SIGNUP)).isEqualTo(changed.rows());
    for (int i = 1; i < slices.size(); i++) {
      assertThat(stored(sink, goals, slices.get(i)))
          .as("%s", slices.get(i))
          .isEqualTo(goals(slices.get(i), i).rows());
    }
    assertThat(entries(sink, goals)).hasSize(2 * slices.size());
    assertThat(
            sink.ledger().entries(goals.name(), List.of(OTHER_SITE.site()), LocalDate.MIN).stream()
                .map(LedgerEntry::slice))
        .containsOnly(slices.get(5));
  }

  private LoadBuilder goals(Slice slice, int n) {
    return load(TestReports.goals(), slice, D1, D2)
        .row(D1, "Google", 10 + n, 5, 995)
        .row(D1, null, 20 + n, 5, null)
        .row(D2, "", 30 + n, 5, 0);
  }

  @Test
  void reportsDoNotTouchEachOther() {
    Report one = TestReports.pageviews("one", DateGrouping.DAY);
    Report two = TestReports.pageviews("two", DateGrouping.DAY);
    Sink sink = sink(one, two);
    LoadBuilder first = load(one, SITE, D1, D1).row(D1, 1, 1, 1.0);
    LoadBuilder second = load(two, SITE, D1, D1).row(D1, 2, 2, 2.0);
    sink.commit(first.build());
    sink.commit(second.build());

    assertThat(stored(sink, one, SITE)).isEqualTo(first.rows());
    assertThat(stored(sink, two, SITE)).isEqualTo(second.rows());
    assertThat(entries(sink, one)).isEqualTo(first.entries());
  }

  // --- Values

  @Test
  void nullsAndEmptyTextsAreGroupsOfTheirOwn() {
    Report report = TestReports.campaigns();
    Sink sink = sink(report);
    LoadBuilder load = load(report, SITE, D1, D1);
    List<@Nullable String> texts = Arrays.asList(null, "", "a", "null", "NULL", "\\N", "=");
    int n = 1;
    for (String source : texts) {
      for (String campaign : texts) {
        for (String term : texts) {
          load.row(D1, source, campaign, term, n, n++, null);
        }
      }
    }
    CommitResult result = sink.commit(load.build());

    assertThat(result.rowsStored()).isEqualTo(343);
    assertThat(stored(sink, report, SITE)).isEqualTo(load.rows());
    assertThat(sink.commit(load.build()).changed()).isEmpty();
  }

  @Test
  void oddTextsComeBackAsTheyWere() {
    Report report = TestReports.pages();
    Sink sink = sink(report);
    String wide = "/" + "ä€😀/x".repeat(1000).substring(0, 3996);
    List<String> odd =
        List.of(
            "'; drop table x; --",
            "\"quoted\", 'too'",
            "a\tb",
            "a\nb",
            "a\r\nb",
            "\\.",
            "\\N",
            "back\\slash\\",
            "{a,b}",
            "ümläut",
            "u\u0308",
            "\u00fc",
            "مرحبا",
            "😀👩‍👩‍👧",
            "\uD83D\uDE00",
            "\uFFFD",
            "\uFEFFbom",
            "\u0001\u001f\u007f\u0085\u2028",
            " leading and trailing ",
            " ",
            "%2F?a=b&c=d#e",
            "../../etc",
            "A",
            "a",
            "\uE000",
            "\uFFFF",
            "/" + "x".repeat(3999),
            "/" + "x".repeat(3998) + "y",
            wide,
            Character.toString(0x10FFFF));
    LoadBuilder load = load(report, SITE, D1, D1);
    odd.stream().distinct().forEach(t -> load.row(D1, t, t, 1, 2, 0.25));
    sink.commit(load.build());

    assertThat(stored(sink, report, SITE)).isEqualTo(load.rows());
    assertThat(sink.commit(load.build()).changed()).isEmpty();
  }

  @Test
  void numbersComeBackAsTheyWere() {
    Report report = TestReports.pageviews("numbers", DateGrouping.DAY, Field.PATHNAME);
    Sink sink = sink(report);
    LoadBuilder load =
        load(report, SITE, D1, D2)
            .row(D1, "a", Long.MAX_VALUE, Long.MAX_VALUE, Double.MAX_VALUE)
            .row(D1, "b", Long.MIN_VALUE, Long.MIN_VALUE, -Double.MAX_VALUE)
            .row(D1, "c", 0, 0, Double.MIN_VALUE)
            .row(D1, "d", -1, 1, -Double.MIN_VALUE)
            .row(D1, "e", 1, 2, 20.416666666667)
            .row(D1, "f", 1, 2, 0.1 + 0.2)
            .row(D1, "g", 1, 2, -0.0)
            .row(D1, "h", 1, 2, 1e-310)
            .row(D1, "i", 1, 2, null)
            .row(D2, "a", 9007199254740993L, 9007199254740993L, 9007199254740992.0);
    sink.commit(load.build());

    assertThat(stored(sink, report, SITE)).isEqualTo(load.rows());
    assertThat(sink.commit(load.build()).changed()).isEmpty();
  }

  @Test
  void manyRows() {
    Report report = TestReports.pages();
    Sink sink = sink(report);
    LoadBuilder load = load(report, SITE, D1, D1.plusDays(9));
    LoadBuilder changed = load(report, SITE, D1, D1.plusDays(9));
    for (int i = 0; i < 50_000; i++) {
      LocalDate day = D1.plusDays(i % 10);
      String path = "/page/" + i;
      load.row(day, "www.example.com", path, i, i + 1, i % 3 == 0 ? null : i / 7.0);
      if (i != 25_004) {
        changed.row(day, "www.example.com", path, i, i + 1, i % 3 == 0 ? null : i / 7.0);
      }
    }
    WindowLoad first = load.build();
    try (RowSpool spooled = first.rows()) {
      assertThat(sink.commit(first).rowsStored()).isEqualTo(50_000).isEqualTo(spooled.rows());
    }
    assertThat(stored(sink, report, SITE)).isEqualTo(load.rows());

    WindowLoad second = changed.build();
    try (RowSpool spooled = second.rows()) {
      assertThat(spooled.rows()).isEqualTo(49_999);
      assertThat(sink.commit(second))
          .isEqualTo(new CommitResult(49_999, List.of(D1.plusDays(4)), List.of()));
    }
    assertThat(stored(sink, report, SITE)).isEqualTo(changed.rows());
  }

  // --- Periods of every grouping

  @Test
  void hoursAreReplacedByTheDay() {
    Report report = TestReports.pageviews("hourly", DateGrouping.HOUR, Field.BROWSER);
    Sink sink = sink(report);
    LoadBuilder first =
        load(report, SITE, D1, D2)
            .row(D1.atTime(0, 0), "Firefox", 1, 1, 1.0)
            .row(D1.atTime(23, 0), null, 2, 2, 2.0)
            .row(D2.atTime(0, 0), "Firefox", 3, 3, 3.0)
            .row(D2.atTime(14, 30), "Firefox", 4, 4, 4.0);
    sink.commit(first.build());
    assertThat(stored(sink, report, SITE)).isEqualTo(first.rows());

    LoadBuilder second =
        load(report, SITE, D2, D3)
            .row(D2.atTime(0, 0), "Firefox", 3, 3, 3.0)
            .row(D3.atTime(0, 0), "Firefox", 5, 5, 5.0);
    assertThat(sink.commit(second.build()).changed()).containsExactly(D2, D3);
    assertThat(stored(sink, report, SITE))
        .isEqualTo(
            Rows.sorted(
                report.schema(),
                List.of(
                    first.rows().get(0),
                    first.rows().get(1),
                    second.rows().get(0),
                    second.rows().get(1))));
    assertThat(Rows.drain(report.schema(), sink.stored(report, SITE, DayRange.of(D1))))
        .isEqualTo(first.rows().subList(0, 2));
  }

  @Test
  void aProvisionalMonthGrows() {
    Report report = TestReports.pageviews("monthly", DateGrouping.MONTH);
    Sink sink = sink(report);
    LocalDate may = LocalDate.of(2026, 5, 1);
    LoadBuilder early =
        load(report, SITE, may, LocalDate.of(2026, 6, 9))
            .row(may, 31, 310, 1.0)
            .row(D1, 9, 90, 1.0);
    sink.commit(early.build());
    assertThat(entries(sink, report)).containsExactlyInAnyOrderElementsOf(early.entries());

    LoadBuilder late =
        load(report, SITE, D1, LocalDate.of(2026, 6, 15)).row(D1, 15, 150, 1.0).run("r2", LATER);
    assertThat(sink.commit(late.build()).changed()).containsExactly(D1);

    assertThat(stored(sink, report, SITE)).containsExactly(early.rows().get(0), late.rows().get(0));
    assertThat(entries(sink, report))
        .containsExactlyInAnyOrder(early.entries().get(0), late.entries().get(0));
    assertThat(sink.ledger().entries(report.name(), List.of(), LocalDate.of(2026, 6, 15)))
        .containsExactlyElementsOf(late.entries());
  }

  @Test
  void yearsAreReplacedByTheYear() {
    Report report = TestReports.pageviews("yearly", DateGrouping.YEAR, Field.COUNTRY_CODE);
    Sink sink = sink(report);
    LocalDate y2024 = LocalDate.of(2024, 1, 1);
    LocalDate y2025 = LocalDate.of(2025, 1, 1);
    LoadBuilder first =
        load(report, SITE, y2024, LocalDate.of(2025, 3, 4))
            .row(y2024, "AT", 1, 1, 1.0)
            .row(y2025, "AT", 2, 2, 2.0)
            .row(y2025, null, 2, 2, 2.0);
    sink.commit(first.build());
    LoadBuilder second =
        load(report, SITE, y2025, LocalDate.of(2025, 12, 31)).row(y2025, "DE", 3, 3, 3.0);
    assertThat(sink.commit(second.build()).changed()).containsExactly(y2025);

    assertThat(stored(sink, report, SITE))
        .containsExactly(first.rows().get(0), second.rows().get(0));
  }

  @Test
  void withoutDateGroupingRangesStandSideBySide() {
    Report report = TestReports.pageviews("total", DateGrouping.NONE, Field.REFERRER_SOURCE);
    Sink sink = sink(report);
    LoadBuilder three = load(report, SITE, D1, D3).row(D1, "Google", 3, 30, 1.0);
    LoadBuilder four =
        load(report, SITE, D1, D4).row(D1, "Google", 4, 40, 1.0).row(D1, null, 1, 1, null);
    LoadBuilder later = load(report, SITE, D2, D3).row(D2, "Google", 2, 20, 1.0);
    for (LoadBuilder l : List.of(three, four, later)) {
      sink.commit(l.build());
    }
    LoadBuilder threeAgain =
        load(report, SITE, D1, D3).row(D1, "Google", 3, 31, 1.0).run("run-2", LATER);
    assertThat(sink.commit(threeAgain.build()).changed()).containsExactly(D1);

    assertThat(stored(sink, report, SITE))
        .containsExactly(
            threeAgain.rows().get(0), four.rows().get(0), four.rows().get(1), later.rows().get(0));
    assertThat(entries(sink, report))
        .containsExactlyInAnyOrder(
            threeAgain.entries().get(0), four.entries().get(0), later.entries().get(0));
    assertThat(Rows.drain(report.schema(), sink.stored(report, SITE, THREE_DAYS)))
        .as("ranges that lie within the days")
        .containsExactly(threeAgain.rows().get(0), later.rows().get(0));
  }

  // --- Nothing measured, and not measured

  @Test
  void zeroCertifiedRowsOnNothingAreRemembered() {
    Report report = TestReports.traffic();
    Sink sink = sink(report);
    LoadBuilder nothing = load(report, SITE, D1, D2);

    assertThat(sink.commit(nothing.build())).isEqualTo(new CommitResult(0, List.of(), List.of()));
    assertThat(stored(sink, report, SITE)).isEmpty();
    assertThat(entries(sink, report)).containsExactlyInAnyOrderElementsOf(nothing.entries());
  }

  @Test
  void zeroCertifiedRowsReplaceStoredRows() {
    Report report = TestReports.traffic();
    Sink sink = sink(report);
    LoadBuilder first = threeDays();
    sink.commit(first.build());
    LoadBuilder nothing = load(report, SITE, D1, D2).run("run-2", LATER);

    assertThat(sink.commit(nothing.build()))
        .isEqualTo(new CommitResult(0, List.of(D1, D2), List.of()));
    assertThat(stored(sink, report, SITE)).isEqualTo(first.rows().subList(2, 3));
    assertThat(sink.ledger().restatements(report.name(), 10))
        .contains(
            new Restatement(
                report.name(),
                SITE,
                D1,
                "rows",
                1.0,
                0.0,
                LATER,
                "run-2",
                RestatementReason.SOURCE));
  }

  @Test
  void incompletePeriodsKeepWhatIsStored() {
    Report report = TestReports.traffic();
    Sink sink = sink(report);
    LoadBuilder first = threeDays();
    sink.commit(first.build());
    LoadBuilder second =
        load(report, SITE, D1, D3)
            .row(D1, 9, 9, 9.0)
            .row(D2, 9, 9, 9.0)
            .row(D3, 9, 9, 9.0)
            .incomplete(D1, false)
            .incomplete(D2, true)
            .run("run-2", LATER);

    assertThat(sink.commit(second.build()))
        .isEqualTo(new CommitResult(1, List.of(D3), List.of(D1, D2)));
    assertThat(stored(sink, report, SITE))
        .containsExactly(first.rows().get(0), first.rows().get(1), second.rows().get(2));
    assertThat(entries(sink, report))
        .containsExactlyInAnyOrder(
            first.entries().get(0), first.entries().get(1), second.entries().get(2));
    assertThat(sink.ledger().openAttempts(report.name()))
        .containsExactlyInAnyOrder(
            attempt(second, D1, D1, "run-2", true), attempt(second, D2, D2, "run-2", true));
  }

  @Test
  void aPeriodThatWasConfirmedStaysSoWhenOthersChange() {
    Report report = TestReports.traffic();
    Sink sink = sink(report);
    sink.commit(threeDays().build());
    LoadBuilder confirming = threeDays().run("run-2", LATER);
    sink.commit(confirming.build());

    sink.commit(
        load(report, SITE, D1, D3)
            .row(D1, 9, 9, 9.0)
            .row(D2, 9, 9, 9.0)
            .row(D3, 9, 9, 9.0)
            .incomplete(D1, false)
            .run("run-3", LATER.plusSeconds(60))
            .build());

    assertThat(entries(sink, report)).contains(confirming.entries().get(0));
  }

  @Test
  void incompletePeriodsAreStoredWhereNothingIsIfTheyMay() {
    Report report = TestReports.traffic();
    Sink sink = sink(report);
    LoadBuilder load = threeDays().incomplete(D1, false).incomplete(D2, true).run("run-2", LATER);

    assertThat(sink.commit(load.build()))
        .isEqualTo(new CommitResult(2, List.of(D2, D3), List.of(D1)));
    assertThat(stored(sink, report, SITE)).isEqualTo(load.rows().subList(1, 3));
    List<PeriodCertificate> certificates = load.certificates();
    assertThat(entries(sink, report))
        .containsExactlyInAnyOrder(
            load.entry(certificates.get(0), false),
            load.entry(certificates.get(1), true),
            load.entry(certificates.get(2), true));
    assertThat(sink.ledger().openAttempts(report.name()))
        .containsExactlyInAnyOrder(
            attempt(load, D1, D1, "run-2", false), attempt(load, D2, D2, "run-2", false));

    LoadBuilder again = threeDays().incomplete(D1, true).incomplete(D2, true);
    assertThat(sink.commit(again.build()))
        .as("the first is still absent, the second is not any more")
        .isEqualTo(new CommitResult(2, List.of(D1), List.of(D2)));

    LoadBuilder success = threeDays().run("run-3", LATER);
    assertThat(sink.commit(success.build())).isEqualTo(new CommitResult(3, List.of(), List.of()));
    assertThat(sink.ledger().openAttempts(report.name())).isEmpty();
    assertThat(entries(sink, report)).containsExactlyInAnyOrderElementsOf(success.entries());
  }

  @Test
  void anEmptyMeasurementIsNotAbsence() {
    Report report = TestReports.traffic();
    Sink sink = sink(report);
    sink.commit(load(report, SITE, D1, D1).build());
    LoadBuilder doubtful = load(report, SITE, D1, D1).row(D1, 1, 1, 1.0).incomplete(D1, true);

    assertThat(sink.commit(doubtful.build()).kept()).containsExactly(D1);
    assertThat(stored(sink, report, SITE)).isEmpty();
  }

  @Test
  void onlyTheLastAttemptIsRemembered() {
    Report report = TestReports.traffic();
    Sink sink = sink(report);
    LoadBuilder failing = load(report, SITE, D1, D1).incomplete(D1, false);
    sink.commit(failing.build());
    sink.commit(failing.run("run-2", LATER).build());

    assertThat(sink.ledger().openAttempts(report.name()))
        .containsExactly(attempt(failing, D1, D1, "run-2", false));
    assertThat(sink.ledger().openAttempts("another")).isEmpty();
  }

  @Test
  void attemptsAtRangesStandSideBySide() {
    Report report = TestReports.pageviews("total", DateGrouping.NONE);
    Sink sink = sink(report);
    sink.commit(load(report, SITE, D1, D2).incomplete(D1, false).run("a", LATER).build());
    LoadBuilder longer = load(report, SITE, D1, D3).incomplete(D1, false).run("b", LATER);
    sink.commit(longer.build());
    sink.commit(load(report, SITE, D1, D2).row(D1, 1, 1, 1.0).build());

    assertThat(sink.ledger().openAttempts(report.name()))
        .containsExactly(attempt(longer, D1, D3, "b", false));
  }

  private static Attempt attempt(
      LoadBuilder load, LocalDate period, LocalDate coversTo, String run, boolean kept) {
    return new Attempt(
        load.window().report(),
        SITE,
        period,
        coversTo,
        load.window().id(),
        LATER,
        run,
        "pageviews differ from the control by 1",
        kept);
  }

  // --- What would be stored must be what was certified

  @Test
  void anotherNumberOfRowsThanCertifiedIsNotStored() {
    nothingIsStored(
        threeDays().edit(D2, c -> certified(c.period(), c.rows() + 1, c.sums())), D2.toString());
  }

  @Test
  void anotherSumThanCertifiedIsNotStored() {
    nothingIsStored(
        threeDays().edit(D3, c -> certified(c.period(), 1, Map.of(Aggregate.PAGEVIEWS, 31L))),
        D3.toString());
  }

  @Test
  void rowsOfAnotherSliceAreNotStored() {
    LoadBuilder load = threeDays();
    load.rawRow(List.of("OTHER", D1, 1L, 0L, 1.0));
    nothingIsStored(load, "");
  }

  @Test
  void rowsOutsideOfTheWindowAreNotStored() {
    nothingIsStored(threeDays().row(D4, 1, 0, 1.0), "");
  }

  @Test
  void aRepeatedKeyIsNotStored() {
    nothingIsStored(threeDays().row(D1, 5, 5, 5.0), "");
  }

  private void nothingIsStored(LoadBuilder wrong, String named) {
    Report report = TestReports.traffic();
    Sink sink = sink(report);
    LoadBuilder before = load(report, SITE, D1, D1).row(D1, 7, 70, 7.0);
    sink.commit(before.build());

    SinkException e = refused(SinkException.Kind.INTEGRITY, () -> sink.commit(wrong.build()));

    assertThat(e).hasMessageContaining(named).hasMessageContaining(report.name());
    assertThat(stored(sink, report, SITE)).isEqualTo(before.rows());
    assertThat(entries(sink, report)).isEqualTo(before.entries());
    assertThat(sink.ledger().restatements(report.name(), 10)).isEmpty();
    // And on a place that holds nothing yet, where a sink may take a shorter way.
    LoadBuilder elsewhere = load(report, OTHER_SITE, D1, D1).row(D1, 1, 1, 1.0);
    elsewhere.edit(D1, c -> certified(c.period(), 2, c.sums()));
    refused(SinkException.Kind.INTEGRITY, () -> sink.commit(elsewhere.build()));
    assertThat(stored(sink, report, OTHER_SITE)).isEmpty();
    assertThat(entries(sink, report)).isEqualTo(before.entries());
  }

  private static PeriodCertificate certified(LocalDate day, long rows, Map<Aggregate, Long> sums) {
    return new PeriodCertificate(
        day, day, CertificateStatus.CERTIFIED, rows, sums, sums, false, null, null);
  }

  // --- Confirmation: the ledger knows what was fetched, and what was found unchanged since

  private static final LedgerEntry.Confirmed CONFIRMED = new LedgerEntry.Confirmed(LATER, "run-2");

  private LoadBuilder against(String answer, LocalDate... days) {
    LoadBuilder load = threeDays();
    for (LocalDate day : days) {
      load.edit(day, c -> c.against(answer));
    }
    return load;
  }

  private static WindowConfirmation confirmation(LoadBuilder load, Map<LocalDate, String> answers) {
    return new WindowConfirmation(load.window(), TestReports.traffic(), answers, CONFIRMED);
  }

  @Test
  void whatTheControlConfirmsStaysAsItWasFetched() {
    Report report = TestReports.traffic();
    Sink sink = sink(report);
    LoadBuilder load = against("answer", D1, D2);
    sink.commit(load.build());

    // The second day is certified against another answer, the third against none.
    sink.confirm(confirmation(load, Map.of(D1, "answer", D2, "another", D3, "answer")));

    assertThat(stored(sink, report, SITE)).isEqualTo(load.rows());
    assertThat(entries(sink, report))
        .containsExactlyInAnyOrder(
            load.entries().get(0).confirmed(CONFIRMED),
            load.entries().get(1),
            load.entries().get(2));
    assertThat(entries(sink, report).stream().filter(e -> e.confirmed() != null))
        .allSatisfy(e -> assertThat(e.knownAt()).isEqualTo(LATER));
    try (Sink other = open()) {
      other.migrate(List.of(report));
      assertThat(entries(other, report)).containsExactlyInAnyOrderElementsOf(entries(sink, report));
    }
  }

  @Test
  void whatIsFetchedAgainIsNoLongerConfirmed() {
    Report report = TestReports.traffic();
    Sink sink = sink(report);
    LoadBuilder load = against("answer", D1, D2, D3);
    sink.commit(load.build());
    sink.confirm(confirmation(load, Map.of(D1, "answer", D2, "answer", D3, "answer")));

    LoadBuilder again =
        load(report, SITE, D2, D2)
            .row(D2, 3, 21, null)
            .run("run-3", LATER.plusSeconds(60))
            .edit(D2, c -> c.against("moved"));
    sink.commit(again.build());

    assertThat(entries(sink, report))
        .containsExactlyInAnyOrder(
            load.entries().get(0).confirmed(CONFIRMED),
            again.entries().get(0),
            load.entries().get(2).confirmed(CONFIRMED));
  }

  @Test
  void equalRowsAgainstAnotherAnswerAreConfirmedByThatOne() {
    Report report = TestReports.traffic();
    Sink sink = sink(report);
    sink.commit(against("answer", D1, D2, D3).build());
    LoadBuilder moved = against("moved", D1, D2, D3).run("run-3", LATER);
    assertThat(sink.commit(moved.build()).changed()).isEmpty();

    sink.confirm(confirmation(moved, Map.of(D1, "moved", D2, "moved", D3, "answer")));

    assertThat(entries(sink, report))
        .containsExactlyInAnyOrder(
            moved.entries().get(0).confirmed(CONFIRMED),
            moved.entries().get(1).confirmed(CONFIRMED),
            moved.entries().get(2));
  }

  @Test
  void nothingIsConfirmedOfWhatIsNotStored() {
    Report report = TestReports.traffic();
    Sink sink = sink(report);
    LoadBuilder load = threeDays();

    sink.confirm(confirmation(load, Map.of(D1, "answer", D2, "answer", D3, "answer")));

    assertThat(entries(sink, report)).isEmpty();
    assertThat(stored(sink, report, SITE)).isEmpty();
  }

  @Test
  void ofEachSiteTheNewestAuditsAreKnown() {
    Sink sink = sink(TestReports.traffic());
    Audit agreed = new Audit("traffic_daily", SITE, D1, true, LATER, "run-1");
    Audit later = new Audit("traffic_daily", SITE, D2, true, LATER.plusSeconds(60), "run-2");
    Audit failed = new Audit("traffic_daily", SITE, D3, false, LATER, "run-3");
    Audit elsewhere = new Audit("pages_daily", OTHER_SITE, D1, true, LATER, "run-1");
    assertThat(sink.ledger().audits()).isEmpty();

    List.of(agreed, elsewhere, failed, later).forEach(sink.ledger()::audited);

    assertThat(sink.ledger().audits()).containsExactlyInAnyOrder(later, failed, elsewhere);
  }

  @Test
  void whatVerificationsFoundIsReplacedBySlice() {
    Sink sink = sink(TestReports.traffic());
    Slice event = new Slice(new SiteId("CDBUGS"), "Sign up");
    KnownDifference changed =
        difference(new Slice(new SiteId("CDBUGS"), null), DifferenceCause.CHANGED_IN_STORAGE, null);
    KnownDifference damaged = difference(event, DifferenceCause.DAMAGED, "move 'it' away");
    DayRange first = DayRange.of(changed.days().first());
    assertThat(sink.ledger().differences("goals")).isEmpty();

    sink.ledger().replaceDifferences("goals", changed.slice(), List.of(changed));
    sink.ledger().replaceDifferences("goals", event, List.of(damaged));
    assertThat(sink.ledger().differences("goals")).containsExactlyInAnyOrder(changed, damaged);
    assertThat(sink.ledger().differences("others")).isEmpty();

    List<KnownDifference> parts =
        List.of(
            changed.during(first), difference(changed.slice(), DifferenceCause.OTHER_ZONE, null));
    sink.ledger().replaceDifferences("goals", changed.slice(), parts);
    sink.ledger().replaceDifferences("goals", event, List.of());
    assertThat(sink.ledger().differences("goals")).containsExactlyInAnyOrderElementsOf(parts);
  }

  private static KnownDifference difference(
      Slice slice, DifferenceCause cause, @Nullable String detail) {
    return new KnownDifference(
        "goals",
        slice,
        new DayRange(LocalDate.of(2026, 4, 1), LocalDate.of(2026, 4, 3)),
        cause,
        detail,
        Instant.parse("2026-04-05T10:00:00.123456Z"),
        "verify-1");
  }

  @Test
  void aMeasureThatIsOnlyCertifiedIsKeptInTheLedger() {
    Report report = TestReports.measuring("visits_only", List.of(Aggregate.VISITS));
    Sink sink = sink(report);
    LoadBuilder load = load(report, SITE, D1, D1).row(D1, 4);
    sink.commit(load.build());

    assertThat(stored(sink, report, SITE)).isEqualTo(load.rows());
    assertThat(entries(sink, report)).isEqualTo(load.entries());
  }

  // --- Definitions

  @Test
  void migrateIsRepeatableAndLeavesOtherReportsAlone() {
    Report report = TestReports.traffic();
    Sink sink = sink(report, TestReports.pages());
    LoadBuilder load = threeDays();
    sink.commit(load.build());

    sink.migrate(List.of(TestReports.pages()));
    sink.migrate(List.of());
    sink.migrate(List.of(report, TestReports.pages(), TestReports.goals()));

    assertThat(stored(sink, report, SITE)).isEqualTo(load.rows());
    assertThat(entries(sink, report)).containsExactlyInAnyOrderElementsOf(load.entries());
  }

  @Test
  void anAddedColumnIsNullInOldRows() {
    Report before = TestReports.traffic();
    Report after =
        TestReports.measuring(
            before.name(),
            List.of(
                Aggregate.VISITS,
                Aggregate.UNIQUES,
                Aggregate.PAGEVIEWS,
                Aggregate.AVG_DURATION,
                Aggregate.BOUNCE_RATE));
    Sink sink = sink(before);
    sink.commit(threeDays().build());

    sink.migrate(List.of(after));

    assertThat(stored(sink, after, SITE))
        .containsExactly(
            Arrays.asList("CDBUGS", D1, 1L, null, 10L, 1.5, null),
            Arrays.asList("CDBUGS", D2, 2L, null, 20L, null, null),
            Arrays.asList("CDBUGS", D3, 3L, null, 30L, 0.0, null));
    LoadBuilder renewed =
        load(after, SITE, D2, D3).row(D2, 2, 1, 20, null, 50.0).row(D3, 3, 3, 30, 0.0, null);
    assertThat(sink.commit(renewed.build()).changed()).containsExactly(D2, D3);
    assertThat(stored(sink, after, SITE))
        .containsExactly(
            Arrays.asList("CDBUGS", D1, 1L, null, 10L, 1.5, null),
            renewed.rows().get(0),
            renewed.rows().get(1));
  }

  @Test
  void anotherGrainIsRefusedWithTheWayOut() {
    Report before = TestReports.pages();
    Sink sink = sink(before);
    LoadBuilder load = load(before, SITE, D1, D1).row(D1, "h", "/", 1, 1, 1.0);
    sink.commit(load.build());

    for (Report changed :
        List.of(
            TestReports.pageviews(before.name(), DateGrouping.DAY, Field.HOSTNAME),
            TestReports.pageviews(before.name(), DateGrouping.DAY, Field.PATHNAME, Field.HOSTNAME),
            TestReports.pageviews(
                before.name(), DateGrouping.DAY, Field.HOSTNAME, Field.PATHNAME, Field.BROWSER),
            TestReports.pageviews(
                before.name(), DateGrouping.HOUR, Field.HOSTNAME, Field.PATHNAME))) {
      SinkException e =
          refused(SinkException.Kind.DEFINITION, () -> sink.migrate(List.of(changed)));
      assertThat(e).hasMessageContaining(before.name()).hasMessageContaining("another name");
    }
    assertThat(stored(sink, before, SITE)).isEqualTo(load.rows());
    sink.migrate(List.of(before));
  }

  // --- The rest of the ledger

  @Test
  void lessonsAreKept() {
    Ledger ledger = sink().ledger();
    assertThat(ledger.learned()).isEqualTo(Learned.NOTHING);

    ledger.learn(new Learned.Lesson.MaxDays("pageview:day:pathname:", 90));
    ledger.learn(new Learned.Lesson.MaxDays("pageview:day:pathname:", 45));
    ledger.learn(new Learned.Lesson.MaxDays("pageview:day:pathname:", 60));
    ledger.learn(new Learned.Lesson.MaxDays("event:day::", 30));
    ledger.learn(new Learned.Lesson.MaxDays("event:month::", 31));
    ledger.learn(new Learned.Lesson.MaxDaysUnknown("event:month::"));
    ledger.learn(new Learned.Lesson.MostRows(100));
    ledger.learn(new Learned.Lesson.MostRows(5000));
    ledger.learn(new Learned.Lesson.MostRows(200));
    ledger.learn(new Learned.Lesson.RowCap(9000));
    ledger.learn(new Learned.Lesson.RowCap(5000));
    ledger.learn(new Learned.Lesson.RowCap(7000));

    ledger.learn(new Learned.Lesson.Limit("a", "event:day::", 1000));
    ledger.learn(new Learned.Lesson.Limit("a", "event:day::", 100));
    ledger.learn(new Learned.Lesson.Limit("a", "event:day::", 500));
    ledger.learn(new Learned.Lesson.Limit("b", "event:day::", 1000));
    ledger.learn(new Learned.Lesson.Limit("c", "event:day::", 500));
    ledger.learn(new Learned.Lesson.LimitUnknown("c", "event:day::"));
    ledger.learn(new Learned.Lesson.Offset("a", OffsetSupport.HONOURED));
    ledger.learn(new Learned.Lesson.Offset("a", OffsetSupport.UNSTABLE));
    ledger.learn(new Learned.Lesson.Offset("b", OffsetSupport.HONOURED));
    ledger.learn(new Learned.Lesson.Offset("c", OffsetSupport.IGNORED));
    ledger.learn(new Learned.Lesson.OffsetUnknown("b"));

    Learned expected =
        new Learned(
            Map.of("pageview:day:pathname:", 45, "event:day::", 30),
            Optional.of(5000),
            5000,
            Map.of(
                new Learned.Whose("a", "event:day::"),
                100,
                new Learned.Whose("b", "event:day::"),
                1000),
            Map.of("a", OffsetSupport.UNSTABLE, "c", OffsetSupport.IGNORED));
    assertThat(ledger.learned()).isEqualTo(expected);
    try (Sink other = open()) {
      other.migrate(List.of());
      assertThat(other.ledger().learned()).isEqualTo(expected);
    }
  }

  @Test
  void quarantinedRowsAreShownUntilTheirWindowIsComplete() {
    Report report = TestReports.traffic();
    Sink sink = sink(report);
    LoadBuilder load = threeDays().incomplete(D2, false);
    QuarantinedRow first = quarantined(report, load.window().id(), "{\"visits\":\"1d\"}", 0);
    QuarantinedRow second = quarantined(report, load.window().id(), "{\"a\":\"'\\\\😀\"}", 1);
    sink.commit(load.quarantined(List.of(first, second)).build());

    assertThat(sink.ledger().quarantined(report.name(), 10)).containsExactly(second, first);
    assertThat(sink.ledger().quarantined(report.name(), 1)).containsExactly(second);
    assertThat(sink.ledger().quarantined("another", 10)).isEmpty();

    sink.commit(threeDays().run("run-2", LATER).build());
    assertThat(sink.ledger().quarantined(report.name(), 10)).isEmpty();
  }

  /** Stored with their window, or not at all. */
  @Test
  void quarantinedRowsBelongToTheCommit() {
    Report report = TestReports.traffic();
    Sink sink = sink(report);
    LoadBuilder load = threeDays().incomplete(D2, false);
    QuarantinedRow row = quarantined(report, load.window().id(), "{\"visits\":\"1d\"}", 0);
    PipelineLocks.RunLock lock = sink.ledger().tryLock("nightly").orElseThrow();
    sink.fence(new Fence("nightly", lock.epoch() - 1));

    load.quarantined(List.of(row));
    refused(SinkException.Kind.SUPERSEDED, () -> sink.commit(load.build()));

    assertThat(sink.ledger().quarantined(report.name(), 10)).isEmpty();

    sink.fence(new Fence("nightly", lock.epoch()));
    sink.commit(load.build());
    assertThat(sink.ledger().quarantined(report.name(), 10)).containsExactly(row);
    assertThat(entries(sink, report)).isNotEmpty();

    sink.commit(threeDays().run("run-2", LATER).build());
    assertThat(sink.ledger().quarantined(report.name(), 10)).isEmpty();
    lock.close();
  }

  private static QuarantinedRow quarantined(Report report, String window, String raw, int n) {
    return new QuarantinedRow(
        report.name(),
        SITE,
        window,
        "run-1",
        LoadBuilder.FETCHED_AT.plusSeconds(n),
        raw,
        "visits: '1d' is not a whole number");
  }

  /** Commits a window that failed at some of its days, with one row that could not be typed. */
  private QuarantinedRow fail(Sink sink, LoadBuilder load, String run, LocalDate... days) {
    for (LocalDate day : days) {
      load.incomplete(day, false);
    }
    QuarantinedRow row =
        new QuarantinedRow(
            load.window().report(),
            load.window().slice(),
            load.window().id(),
            run,
            LATER,
            "{\"run\":\"" + run + "\"}",
            "visits: '1d' is not a whole number");
    sink.commit(load.run(run, LATER).quarantined(List.of(row)).build());
    return row;
  }

  /** A nightly window moves on by a day, so that its id never comes again. */
  @Test
  void quarantineIsSettledByOtherWindowsOverWhatFailed() {
    Report report = TestReports.traffic();
    Sink sink = sink(report);
    QuarantinedRow row = fail(sink, threeDays(), "run-1", D1, D3);

    sink.commit(load(report, SITE, D1, D2).run("run-2", LATER.plusSeconds(1)).build());
    assertThat(sink.ledger().quarantined(report.name(), 10))
        .as("the last day is still to come")
        .containsExactly(row);

    sink.commit(load(report, SITE, D3, D3).run("run-3", LATER.plusSeconds(2)).build());
    assertThat(sink.ledger().quarantined(report.name(), 10)).isEmpty();
    try (Sink other = open()) {
      other.migrate(List.of(report));
      assertThat(other.ledger().quarantined(report.name(), 10)).isEmpty();
    }
  }

  @Test
  void quarantineStandsWhereOnlyOtherDaysOrOtherSlicesSucceed() {
    Report report = TestReports.traffic();
    Sink sink = sink(report);
    QuarantinedRow row = fail(sink, load(report, SITE, D1, D2), "run-1", D2);

    sink.commit(load(report, SITE, D3, D3).run("run-2", LATER.plusSeconds(1)).build());
    sink.commit(load(report, SITE, D1, D1).run("run-2", LATER.plusSeconds(1)).build());
    Slice another = new Slice(new SiteId("ANOTHER"), null);
    sink.commit(load(report, another, D1, D2).run("run-2", LATER.plusSeconds(1)).build());

    assertThat(sink.ledger().quarantined(report.name(), 10)).containsExactly(row);
  }

  @Test
  void aWindowThatFailsAgainSettlesTheRowsOfItsEarlierRuns() {
    Report report = TestReports.traffic();
    Sink sink = sink(report);
    fail(sink, threeDays(), "run-1", D1);

    QuarantinedRow second = fail(sink, threeDays(), "run-2", D1);

    assertThat(sink.ledger().quarantined(report.name(), 10)).containsExactly(second);
  }

  @Test
  void aFailureOfAnotherWindowTakesThePlaceOfTheFirst() {
    Report report = TestReports.traffic();
    Sink sink = sink(report);
    QuarantinedRow both = fail(sink, threeDays(), "run-1", D1, D3);

    QuarantinedRow second = fail(sink, load(report, SITE, D1, D2), "run-2", D1);
    assertThat(sink.ledger().quarantined(report.name(), 10))
        .containsExactlyInAnyOrder(both, second);

    QuarantinedRow third = fail(sink, load(report, SITE, D3, D3), "run-3", D3);
    assertThat(sink.ledger().quarantined(report.name(), 10))
        .containsExactlyInAnyOrder(second, third);
  }

  @Test
  void thePeriodsJournalIsWholeWhateverIsNewer() {
    Report report = TestReports.traffic();
    Sink sink = sink(report);
    sink.commit(threeDays().build());
    int changes = 4;
    for (int i = 1; i <= changes; i++) {
      sink.commit(
          load(report, SITE, D1, D1)
              .row(D1, 1, 10 + i, 1.5)
              .run("first-" + i, LATER.plusSeconds(i))
              .build());
    }
    for (int i = 1; i <= 5; i++) {
      sink.commit(
          load(report, SITE, D2, D2)
              .row(D2, 2, 20 + i, null)
              .run("second-" + i, LATER.plusSeconds(100 + i))
              .build());
    }

    assertThat(sink.ledger().restatements(report.name(), SITE, D1))
        .filteredOn(r -> r.measure().equals("pageviews"))
        .extracting(Restatement::after)
        .as("newest first")
        .containsExactly(14.0, 13.0, 12.0, 11.0);
    assertThat(sink.ledger().restatements(report.name(), SITE, D1))
        .allMatch(r -> r.period().equals(D1) && r.slice().equals(SITE));
    assertThat(sink.ledger().restatements(report.name(), SITE, D3)).isEmpty();
    assertThat(
            sink.ledger().restatements(report.name(), new Slice(new SiteId("ANOTHER"), null), D1))
        .isEmpty();
    assertThat(sink.ledger().restatements("another", SITE, D1)).isEmpty();
    assertThat(sink.ledger().journalCounts(report.name()))
        .as("two periods changed, however often")
        .isEqualTo(Map.of(SITE, new JournalCount(0, 2)));
  }

  @Test
  void quarantinedRowsAreFoundByTheirWindows() {
    Report report = TestReports.traffic();
    Sink sink = sink(report);
    QuarantinedRow first = fail(sink, load(report, SITE, D1, D1), "run-1", D1);
    QuarantinedRow second = fail(sink, load(report, SITE, D2, D2), "run-2", D2);
    fail(sink, load(report, SITE, D3, D3), "run-3", D3);

    assertThat(
            sink.ledger()
                .quarantined(report.name(), SITE, List.of(first.windowId(), second.windowId())))
        .containsExactlyInAnyOrder(first, second);
    assertThat(sink.ledger().quarantined(report.name(), SITE, List.of())).isEmpty();
    assertThat(sink.ledger().journalCounts(report.name()))
        .isEqualTo(Map.of(SITE, new JournalCount(3, 0)));
    assertThat(sink.ledger().journalCounts("another")).isEmpty();
    assertThat(
            sink.ledger()
                .quarantined(
                    report.name(),
                    new Slice(new SiteId("ANOTHER"), null),
                    List.of(first.windowId())))
        .isEmpty();
  }

  @Test
  void storedRangesEndAtHoles() {
    Report report = TestReports.traffic();
    Report monthly = TestReports.pageviews("traffic_monthly", DateGrouping.MONTH);
    Sink sink = sink(report, monthly);
    LocalDate may = LocalDate.of(2026, 5, 30);
    sink.commit(load(report, SITE, may, D2).build());
    sink.commit(load(report, SITE, D3.plusDays(1), D3.plusDays(3)).build());
    sink.commit(load(report, OTHER_SITE, D3, D3).build());
    LocalDate march = LocalDate.of(2026, 3, 1);
    sink.commit(load(monthly, SITE, march, march.plusDays(34)).build());

    assertThat(sink.ledger().storedRanges(report.name(), DateGrouping.DAY, List.of()))
        .containsExactlyInAnyOrder(
            new StoredRange(SITE, new DayRange(may, D2)),
            new StoredRange(SITE, new DayRange(D3.plusDays(1), D3.plusDays(3))),
            new StoredRange(OTHER_SITE, new DayRange(D3, D3)));
    assertThat(
            sink.ledger().storedRanges(report.name(), DateGrouping.DAY, List.of(OTHER_SITE.site())))
        .containsExactly(new StoredRange(OTHER_SITE, new DayRange(D3, D3)));
    // A month that was not over when it was measured is stored nevertheless.
    assertThat(sink.ledger().storedRanges(monthly.name(), DateGrouping.MONTH, List.of()))
        .containsExactly(new StoredRange(SITE, new DayRange(march, LocalDate.of(2026, 4, 30))));
    assertThat(sink.ledger().storedRanges("another", DateGrouping.DAY, List.of())).isEmpty();
  }

  @Test
  void stretchesAndSumsAreWhatTheEntriesAreOneByOne() {
    Report report = TestReports.traffic();
    Report monthly = TestReports.pageviews("traffic_monthly", DateGrouping.MONTH);
    Sink sink = sink(report, monthly);
    LocalDate may = LocalDate.of(2026, 5, 25);
    sink.commit(filled(report, SITE, may, D3).build());
    sink.commit(filled(report, SITE, D3.plusDays(3), D3.plusDays(6)).zone("Asia/Tokyo").build());
    sink.commit(
        filled(report, SITE, D3.plusDays(5), D3.plusDays(5)).uncertified(D3.plusDays(5)).build());
    sink.commit(load(report, SITE, may.plusDays(2), may.plusDays(3)).build());
    sink.commit(filled(report, OTHER_SITE, may, D3).build());
    LocalDate march = LocalDate.of(2026, 3, 1);
    sink.commit(load(monthly, SITE, march, march.plusDays(34)).build());

    for (Report each : List.of(report, monthly)) {
      DateGrouping grouping = each.dateGrouping();
      List<LedgerEntry> entries = sink.ledger().entries(each.name(), List.of(), LocalDate.EPOCH);
      assertThat(sink.ledger().stretches(each.name(), grouping, List.of(), true))
          .containsExactlyInAnyOrderElementsOf(Stretch.of(entries, grouping));
      for (DateGrouping unit : List.of(DateGrouping.MONTH, DateGrouping.YEAR)) {
        assertThat(sink.ledger().sums(each.name(), grouping, unit, List.of(), LocalDate.EPOCH))
            .containsExactlyInAnyOrderElementsOf(PeriodSum.of(entries, grouping, unit));
      }
    }
    assertThat(
            sink.ledger()
                .sums(
                    report.name(),
                    DateGrouping.DAY,
                    DateGrouping.MONTH,
                    List.of(SITE.site()),
                    LocalDate.EPOCH))
        .extracting(sum -> List.of(sum.first(), sum.days(), sum.pageviews()))
        .as("the two empty days are in May, and an uncertified one is left out")
        .contains(List.of(may.withDayOfMonth(1), 7L, 50L));
    assertThat(sink.ledger().stretches(report.name(), DateGrouping.DAY, List.of(SITE.site()), true))
        .extracting(stretch -> List.of(stretch.first(), stretch.coversTo(), stretch.periods()))
        .containsExactlyInAnyOrder(
            List.of(may, may.plusDays(1), 2L),
            List.of(may.plusDays(2), may.plusDays(3), 2L),
            List.of(may.plusDays(4), D3, 6L),
            List.of(D3.plusDays(3), D3.plusDays(4), 2L),
            List.of(D3.plusDays(5), D3.plusDays(5), 1L),
            List.of(D3.plusDays(6), D3.plusDays(6), 1L));
    assertThat(
            sink.ledger()
                .stretches(report.name(), DateGrouping.DAY, List.of(OTHER_SITE.site()), true))
        .hasSize(1);
    assertThat(sink.ledger().stretches("another", DateGrouping.DAY, List.of(), true)).isEmpty();
  }

  /** Days of two years, of which some were fetched in another zone or under another definition. */
  @Test
  void sumsByMonthAndYearAreThoseOfTheEntries() {
    Report daily = TestReports.traffic();
    Report hourly = TestReports.pageviews("traffic_hourly", DateGrouping.HOUR);
    Report monthly = TestReports.pageviews("traffic_monthly", DateGrouping.MONTH);
    Report yearly = TestReports.pageviews("traffic_yearly", DateGrouping.YEAR);
    List<Report> reports = List.of(daily, hourly, monthly, yearly);
    Sink sink = sink(reports.toArray(Report[]::new));
    LocalDate february = LocalDate.of(2026, 2, 1);
    for (Report report : List.of(daily, hourly)) {
      LocalDate first = LocalDate.of(2025, 12, 20);
      sink.commit(counted(report, SITE, first, february.plusDays(40)).build());
      sink.commit(
          counted(report, SITE, february.plusDays(3), february.plusDays(5))
              .zone("Asia/Tokyo")
              .build());
      sink.commit(
          counted(report, SITE, february.plusDays(9), february.plusDays(12))
              .zone("Asia/Tokyo")
              .definition("definition-2")
              .uncertified(february.plusDays(10))
              .build());
      sink.commit(counted(report, OTHER_SITE, first, first.plusDays(20)).build());
      sink.commit(counted(report, OTHER_SITE, first, first).run("run-2", LATER).build());
    }
    LocalDate november = LocalDate.of(2025, 11, 1);
    sink.commit(counted(monthly, SITE, november, february.plusDays(40)).build());
    sink.commit(
        counted(monthly, SITE, february.minusMonths(1), february.minusDays(1))
            .zone("Asia/Tokyo")
            .build());
    sink.commit(
        counted(monthly, SITE, february, february.plusDays(27)).definition("definition-2").build());
    sink.commit(
        counted(yearly, SITE, LocalDate.of(2023, 1, 1), LocalDate.of(2025, 12, 31)).build());
    sink.commit(
        counted(yearly, SITE, LocalDate.of(2024, 1, 1), LocalDate.of(2024, 12, 31))
            .definition("definition-2")
            .build());

    assertSumsOfEntries(sink, reports);
    sink.runEnded(() -> false);
    try (Sink later = open()) {
      assertSumsOfEntries(later, reports);
    }
    assertThat(
            sink.ledger()
                .sums(
                    daily.name(),
                    DateGrouping.DAY,
                    DateGrouping.MONTH,
                    List.of(SITE.site()),
                    february))
        .extracting(sum -> List.of(sum.first(), sum.definition(), sum.zone() + "", sum.days()))
        .containsExactlyInAnyOrder(
            List.of(february, "definition-1", "Europe/Vienna", 21L),
            List.of(february, "definition-1", "Asia/Tokyo", 3L),
            List.of(february, "definition-2", "Asia/Tokyo", 3L),
            List.of(february.plusMonths(1), "definition-1", "Europe/Vienna", 13L));
  }

  private static void assertSumsOfEntries(Sink sink, List<Report> reports) {
    for (Report report : reports) {
      DateGrouping grouping = report.dateGrouping();
      for (DateGrouping unit : List.of(DateGrouping.MONTH, DateGrouping.YEAR)) {
        for (LocalDate since :
            List.of(LocalDate.EPOCH, LocalDate.of(2024, 3, 1), LocalDate.of(2026, 1, 1))) {
          List<LedgerEntry> entries =
              entries(sink, report).stream()
                  .filter(entry -> !entry.certificate().period().isBefore(since))
                  .toList();
          assertThat(sink.ledger().sums(report.name(), grouping, unit, List.of(), since))
              .as("%s by %s since %s", report.name(), unit, since)
              .containsExactlyInAnyOrderElementsOf(PeriodSum.of(entries, grouping, unit));
        }
      }
    }
  }

  /** A row in each period, each with other pageviews. */
  private LoadBuilder counted(Report report, Slice slice, LocalDate from, LocalDate to) {
    LoadBuilder load = load(report, slice, from, to);
    load.window()
        .periods()
        .forEach(
            period ->
                load.row(
                    report.dateGrouping() == DateGrouping.HOUR ? period.atTime(9, 0) : period,
                    3,
                    10 + period.getDayOfYear(),
                    1.5));
    return load;
  }

  private LoadBuilder filled(Report report, Slice slice, LocalDate from, LocalDate to) {
    LoadBuilder load = load(report, slice, from, to);
    load.window().days().stream().forEach(d -> load.row(d, 3, 10, 1.5));
    return load;
  }

  @Test
  void runsOfSomeCommandsAreNotCrowdedOutByOthers() {
    Ledger ledger = sink().ledger();
    RunRecord night = run("a", LoadBuilder.FETCHED_AT, null, null, List.of());
    ledger.record(night);
    for (int i = 1; i <= 5; i++) {
      ledger.record(
          RunRecords.finished(
              new RunRecord(
                  "s" + i,
                  "nightly",
                  RunRecord.SNAPSHOT,
                  LoadBuilder.FETCHED_AT.plusSeconds(i),
                  null,
                  null,
                  1,
                  1,
                  0,
                  0,
                  0,
                  0,
                  1,
                  0,
                  1,
                  List.of(),
                  0,
                  null),
              LATER,
              0));
    }
    assertThat(ledger.runs(2)).extracting(RunRecord::runId).containsExactly("s5", "s4");
    assertThat(ledger.runs(night.pipeline(), RunRecord.EXPORTS, 2)).containsExactly(night);
    assertThat(ledger.runs(null, RunRecord.EXPORTS, 2)).containsExactly(night);
    assertThat(ledger.runs("another", RunRecord.EXPORTS, 2)).isEmpty();
  }

  @Test
  void runsAreRecordedAndReplacedById() {
    Ledger ledger = sink().ledger();
    RunRecord running = run("a", LoadBuilder.FETCHED_AT, null, null, List.of());
    ledger.record(running);
    assertThat(ledger.runs(10)).containsExactly(running);

    RunRecord done =
        run("a", LoadBuilder.FETCHED_AT, LATER, 65, List.of("CDBUGS: 401", "x\n\"'{},\\ 😀"));
    RunRecord next = run("b", LATER, null, null, List.of());
    ledger.record(done);
    ledger.record(next);
    assertThat(ledger.runs(10)).containsExactly(next, done);
    assertThat(ledger.runs(1)).containsExactly(next);
    assertThat(ledger.run(done.runId())).contains(done);
    assertThat(ledger.run("nosuch")).isEmpty();
  }

  private static RunRecord run(
      String id,
      Instant started,
      @Nullable Instant finished,
      @Nullable Integer exit,
      List<String> messages) {
    return new RunRecord(
        id,
        "nightly",
        "run",
        started,
        finished,
        exit,
        1,
        2,
        3,
        4,
        5,
        6,
        7_000_000_000L,
        8,
        9,
        messages,
        10,
        exit == null ? null : Set.of(new SiteId("CDBUGS"), new SiteId("UTCSTATS")));
  }

  @Test
  void onePipelineIsLockedOnce() {
    Sink sink = sink();
    try (Sink other = open()) {
      other.migrate(List.of());
      PipelineLocks.RunLock held = sink.ledger().tryLock("nightly").orElseThrow();
      assertThat(other.ledger().tryLock("nightly")).isEmpty();
      assertThat(sink.ledger().tryLock("nightly")).isEmpty();
      try (PipelineLocks.RunLock another =
          other.ledger().tryLock("../pipelines/höurly.yaml").orElseThrow()) {
        assertThat(another).isNotNull();
      }
      held.close();
      held.close();
      other.ledger().tryLock("nightly").orElseThrow().close();
    }
  }

  @Test
  void theLockCountsItsTakings() {
    Sink sink = sink();
    try (Sink other = open()) {
      PipelineLocks.RunLock first = sink.ledger().tryLock("nightly").orElseThrow();
      assertThat(first.stillHeld()).isTrue();
      first.close();
      try (PipelineLocks.RunLock second = other.ledger().tryLock("nightly").orElseThrow();
          PipelineLocks.RunLock hourly = other.ledger().tryLock("hourly").orElseThrow()) {
        assertThat(second.epoch()).isGreaterThan(first.epoch());
        assertThat(first.stillHeld()).isFalse();
        assertThat(second.stillHeld()).isTrue();
        assertThat(hourly.stillHeld()).isTrue();
      }
    }
  }

  /** A run that stood still while another took over stores nothing, whatever it has in hand. */
  @Test
  void aSinkCommitsOnlyBehindItsFence() {
    Report report = TestReports.traffic();
    Sink sink = sink(report);
    PipelineLocks.RunLock lock = sink.ledger().tryLock("nightly").orElseThrow();
    sink.fence(new Fence("nightly", lock.epoch()));
    LoadBuilder first =
        load(report, SITE, D1, D1).row(D1, 1, 10, 1.5).edit(D1, c -> c.against("answer"));
    sink.commit(first.build());
    List<List<@Nullable Object>> before = stored(sink, report, SITE);
    List<LedgerEntry> entriesBefore = entries(sink, report);
    lock.close();
    try (Sink other = open()) {
      PipelineLocks.RunLock next = other.ledger().tryLock("nightly").orElseThrow();

      // Changed rows, new rows, and the same rows again.
      refused(
          SinkException.Kind.SUPERSEDED,
          () -> sink.commit(load(report, SITE, D1, D1).row(D1, 2, 20, 1.5).build()));
      refused(SinkException.Kind.SUPERSEDED, () -> sink.commit(threeDays().build()));
      refused(
          SinkException.Kind.SUPERSEDED,
          () ->
              sink.commit(
                  load(report, SITE, D1, D1).row(D1, 1, 10, 1.5).run("later", LATER).build()));
      refused(
          SinkException.Kind.SUPERSEDED,
          () -> sink.confirm(confirmation(first, Map.of(D1, "answer"))));

      assertThat(stored(other, report, SITE)).isEqualTo(before);
      assertThat(entries(other, report)).isEqualTo(entriesBefore);
      assertThat(other.ledger().restatements(report.name(), 10)).isEmpty();
      other.fence(new Fence("nightly", next.epoch()));
      other.commit(threeDays().build());
      assertThat(stored(other, report, SITE)).isEqualTo(threeDays().rows());
    }
  }

  @Test
  void aClosedSinkHoldsNoLock() {
    Sink sink = sink();
    Sink other = open();
    other.migrate(List.of());
    assertThat(other.ledger().tryLock("nightly")).isPresent();
    other.close();

    PipelineLocks.RunLock held = sink.ledger().tryLock("nightly").orElseThrow();
    held.close();
  }

  /** What it opened would be closed by nothing. */
  @Test
  void aClosedSinkRefusesUse() {
    Sink sink = open();
    sink.migrate(List.of(TestReports.traffic()));
    Ledger ledger = sink.ledger();
    sink.close();
    sink.close();

    WindowLoad load = threeDays().build();
    for (ThrowableAssert.ThrowingCallable use :
        List.<ThrowableAssert.ThrowingCallable>of(
            () -> sink.commit(load),
            () -> sink.migrate(List.of(TestReports.traffic())),
            () -> ledger.tryLock("nightly"),
            () -> ledger.learn(new Learned.Lesson.MostRows(1)))) {
      assertThatThrownBy(use)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageEndingWith("closed");
    }
  }

  // --- What is older than it is kept

  private static final LocalDate JULY = LocalDate.of(2026, 7, 1);

  /** Days of May to July of two sites, with a confirmed day and a failed attempt in May. */
  private Sink threeMonths(Report report) {
    Sink sink = sink(report);
    for (Slice slice : List.of(SITE, OTHER_SITE)) {
      sink.commit(
          load(report, slice, LocalDate.of(2026, 5, 30), D2)
              .row(LocalDate.of(2026, 5, 30), 1, 10, 1.5)
              .row(LocalDate.of(2026, 5, 31), 2, 20, null)
              .row(D1, 3, 30, 0.0)
              .row(D2, 4, 40, 0.0)
              .build());
      sink.commit(load(report, slice, JULY, JULY).row(JULY, 5, 50, 0.5).build());
    }
    LocalDate failed = LocalDate.of(2026, 5, 29);
    sink.commit(load(report, SITE, failed, failed).incomplete(failed, false).build());
    // An equal load only renews what is known of the days.
    sink.commit(
        load(report, SITE, LocalDate.of(2026, 5, 31), LocalDate.of(2026, 5, 31))
            .row(LocalDate.of(2026, 5, 31), 2, 20, null)
            .run("run-2", LATER)
            .build());
    return sink;
  }

  private static List<LocalDate> periods(Sink sink, Report report, Slice slice) {
    return entries(sink, report).stream()
        .filter(e -> e.slice().equals(slice))
        .map(e -> e.certificate().period())
        .sorted()
        .toList();
  }

  @Test
  void oldPeriodsAreRemovedWithTheirLedgerEntries() {
    Report report = TestReports.traffic();
    Sink sink = threeMonths(report);
    assertThat(sink.ledger().openAttempts(report.name())).hasSize(1);

    Removal.Removed removed =
        sink.remove(new Removal(report, List.<SiteId>of(), JULY, "run-3", LATER));

    // Four days of either site, and the attempt's entry.
    assertThat(removed.rows()).isEqualTo(8);
    assertThat(removed.periods()).isEqualTo(9);
    for (Slice slice : List.of(SITE, OTHER_SITE)) {
      assertThat(stored(sink, report, slice)).hasSize(1);
      assertThat(periods(sink, report, slice)).containsExactly(JULY);
    }
    assertThat(sink.ledger().openAttempts(report.name())).isEmpty();
    assertThat(sink.remove(new Removal(report, List.<SiteId>of(), JULY, "run-4", LATER)))
        .isEqualTo(Removal.Removed.NOTHING);
  }

  @Test
  void onlyTheSitesOfThePipelineLoseOldPeriods() {
    Report report = TestReports.traffic();
    Sink sink = threeMonths(report);

    sink.remove(new Removal(report, List.of(SITE.site()), D1, "run-3", LATER));

    assertThat(periods(sink, report, SITE)).containsExactly(D1, D2, JULY);
    assertThat(stored(sink, report, SITE)).hasSize(3);
    assertThat(periods(sink, report, OTHER_SITE)).hasSize(5);
    assertThat(stored(sink, report, OTHER_SITE)).hasSize(5);
  }

  @Test
  void aRemovedPeriodCanBeStoredAgain() {
    Report report = TestReports.traffic();
    Sink sink = threeMonths(report);
    sink.remove(new Removal(report, List.<SiteId>of(), JULY, "run-3", LATER));

    LoadBuilder again = threeDays().run("run-4", LATER);
    sink.commit(again.build());

    assertThat(periods(sink, report, SITE)).containsExactly(D1, D2, D3, JULY);
    assertThat(stored(sink, report, SITE)).hasSize(4);
  }

  @Test
  void aRunThatHasLostItsLockRemovesNothing() {
    Report report = TestReports.traffic();
    Sink sink = threeMonths(report);
    PipelineLocks.RunLock lock = sink.ledger().tryLock("nightly").orElseThrow();
    sink.fence(new Fence("nightly", lock.epoch() - 1));

    refused(
        SinkException.Kind.SUPERSEDED,
        () -> sink.remove(new Removal(report, List.<SiteId>of(), JULY, "run-3", LATER)));

    assertThat(stored(sink, report, SITE)).hasSize(5);
    assertThat(periods(sink, report, OTHER_SITE)).hasSize(5);
    assertThat(sink.ledger().openAttempts(report.name())).hasSize(1);
    lock.close();
  }
}
