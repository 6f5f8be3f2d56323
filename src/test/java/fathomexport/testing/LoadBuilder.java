package fathomexport.testing;

import fathomexport.ledger.CertificateStatus;
import fathomexport.ledger.LedgerEntry;
import fathomexport.ledger.PeriodCertificate;
import fathomexport.ledger.Provenance;
import fathomexport.ledger.QuarantinedRow;
import fathomexport.ledger.RateUnit;
import fathomexport.report.Aggregate;
import fathomexport.report.Column;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.report.Slice;
import fathomexport.report.TableSchema;
import fathomexport.report.Window;
import fathomexport.report.rows.RowDigest;
import fathomexport.report.rows.RowSpool;
import fathomexport.sink.WindowLoad;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.temporal.Temporal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Builds a window with its rows and certificates. Deterministic: equal calls make equal loads.
 * Certificates are computed from the rows; every period is certified unless told otherwise.
 */
public final class LoadBuilder {
  /** When the first run of every test fetched. */
  public static final Instant FETCHED_AT = Instant.parse("2026-06-20T03:04:05.678901Z");

  /** The spools of all loads: no run has made them, so none closes them. */
  private static final Set<RowSpool> SPOOLS =
      Collections.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));

  private final Report report;
  private final Slice slice;
  private final Window window;
  private final Path spill;
  private final List<List<@Nullable Object>> rows = new ArrayList<>();
  private final Map<LocalDate, UnaryOperator<PeriodCertificate>> edits = new HashMap<>();
  private final List<QuarantinedRow> quarantine = new ArrayList<>();
  private String runId = "run-1";
  private String definition = "definition-1";
  private Instant fetchedAt = FETCHED_AT;
  private String zone = "Europe/Vienna";
  private @Nullable RateUnit rateUnit;

  /**
   * @param spill an existing directory, for rows that do not fit memory
   */
  public LoadBuilder(Report report, Slice slice, DayRange days, Path spill) {
    this.report = report;
    this.slice = slice;
    this.window = new Window(report.name(), slice, report.dateGrouping(), days);
    this.spill = spill;
  }

  /** Closes the spools of all loads that tests have built. */
  static void closeAll() {
    synchronized (SPOOLS) {
      SPOOLS.forEach(RowSpool::close);
      SPOOLS.clear();
    }
  }

  public Window window() {
    return window;
  }

  /**
   * Adds a row.
   *
   * @param time LocalDate or LocalDateTime; for reports without date grouping the window's first
   *     day
   * @param cells fields and measures, in column order
   */
  public LoadBuilder row(Temporal time, @Nullable Object... cells) {
    List<@Nullable Object> row = new ArrayList<>();
    row.add(slice.site().value());
    if (slice.event() != null) {
      row.add(slice.event());
    }
    row.add(time);
    if (report.dateGrouping() == DateGrouping.NONE) {
      row.add(window.days().last());
    }
    row.addAll(Arrays.asList(cells));
    rows.add(row);
    return this;
  }

  /** Adds a row of all its cells. */
  public LoadBuilder rawRow(List<@Nullable Object> cells) {
    rows.add(cells);
    return this;
  }

  /** The rows so far, as a sink must give them back when all of them are stored. */
  public List<List<@Nullable Object>> rows() {
    return Rows.sorted(report.schema(), rows);
  }

  /** Adds rows that could not be typed. */
  public LoadBuilder quarantined(List<QuarantinedRow> refused) {
    quarantine.addAll(refused);
    return this;
  }

  public LoadBuilder run(String id, Instant at) {
    runId = id;
    fetchedAt = at;
    return this;
  }

  public LoadBuilder definition(String digest) {
    definition = digest;
    return this;
  }

  public LoadBuilder zone(String name) {
    zone = name;
    return this;
  }

  /** Sets the unit in which the API reported the bounce rates. */
  public LoadBuilder rateUnit(RateUnit unit) {
    rateUnit = unit;
    return this;
  }

  public LoadBuilder uncertified(LocalDate period) {
    return edit(
        period,
        c ->
            new PeriodCertificate(
                c.period(),
                c.coversTo(),
                CertificateStatus.UNCERTIFIED,
                c.rows(),
                c.sums(),
                Map.of(),
                false,
                "the report has no additive measure",
                c.digest()));
  }

  public LoadBuilder incomplete(LocalDate period, boolean storeIfAbsent) {
    return edit(
        period,
        c -> {
          Map<Aggregate, Long> control = new EnumMap<>(Aggregate.class);
          c.sums().forEach((a, sum) -> control.put(a, sum + 1));
          return new PeriodCertificate(
              c.period(),
              c.coversTo(),
              CertificateStatus.INCOMPLETE,
              c.rows(),
              c.sums(),
              control,
              storeIfAbsent,
              "pageviews differ from the control by 1",
              c.digest());
        });
  }

  /** Changes a period's certificate, for certificates that do not fit their rows. */
  public LoadBuilder edit(LocalDate period, UnaryOperator<PeriodCertificate> change) {
    edits.put(period, change);
    return this;
  }

  public Provenance provenance() {
    return new Provenance(runId, definition, fetchedAt, zone, 3, 1, 2, rateUnit, null);
  }

  /** A new load with a spool of its own, which is closed after the test. */
  public WindowLoad build() {
    TableSchema schema = report.schema();
    RowSpool spool = new RowSpool(spill);
    SPOOLS.add(spool);
    try {
      for (byte[] row :
          rows.stream().map(r -> Rows.encode(schema, r)).sorted(Arrays::compareUnsigned).toList()) {
        spool.append(row, row.length);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new WindowLoad(
        window, report, spool, certificates(), provenance(), List.copyOf(quarantine));
  }

  public List<PeriodCertificate> certificates() {
    return window
        .periods()
        .map(p -> edits.getOrDefault(p, UnaryOperator.identity()).apply(certificate(p)))
        .toList();
  }

  /** The ledger's entries after this load, when all its periods are stored. */
  public List<LedgerEntry> entries() {
    return certificates().stream().map(c -> entry(c, true)).toList();
  }

  public LedgerEntry entry(PeriodCertificate certificate, boolean stored) {
    return new LedgerEntry(report.name(), slice, certificate, provenance(), window.id(), stored);
  }

  private PeriodCertificate certificate(LocalDate period) {
    TableSchema schema = report.schema();
    int time = schema.indexOf(Column.Role.TIME);
    List<List<@Nullable Object>> own =
        rows.stream()
            .filter(r -> report.dateGrouping().periodStart(day(r.get(time))).equals(period))
            .toList();
    Map<Aggregate, Long> sums = new EnumMap<>(Aggregate.class);
    for (Aggregate a : Aggregate.additiveOf(report.entity())) {
      int column = schema.indexOf(a.apiName());
      long sum = 7; // asked along for the certificate, and dropped
      if (column >= 0) {
        sum = own.stream().mapToLong(r -> number(r.get(column))).reduce(0, Math::addExact);
      }
      sums.put(a, sum);
    }
    LocalDate end =
        report.dateGrouping() == DateGrouping.NONE
            ? window.days().last()
            : report.dateGrouping().periodEnd(period);
    LocalDate coversTo = end.isAfter(window.days().last()) ? window.days().last() : end;
    return new PeriodCertificate(
        period,
        coversTo,
        CertificateStatus.CERTIFIED,
        own.size(),
        sums,
        sums,
        false,
        null,
        digest(own));
  }

  private @Nullable String digest(List<List<@Nullable Object>> own) {
    RowDigest digest = new RowDigest(report.schema());
    own.stream()
        .map(row -> Rows.encode(report.schema(), row))
        .forEach(row -> digest.add(row, row.length));
    return own.isEmpty() ? null : digest.text();
  }

  private static long number(@Nullable Object cell) {
    return cell == null ? 0 : ((Number) cell).longValue();
  }

  private static LocalDate day(@Nullable Object time) {
    if (time instanceof LocalDateTime t) {
      return t.toLocalDate();
    }
    if (time instanceof LocalDate d) {
      return d;
    }
    throw new IllegalArgumentException("not a time: " + time);
  }
}
