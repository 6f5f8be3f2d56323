package fathomexport.sinks;

import fathomexport.ledger.Ledger;
import fathomexport.ledger.LedgerAsFound;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.report.rows.RowSource;
import fathomexport.sink.CommitResult;
import fathomexport.sink.Damage;
import fathomexport.sink.DimensionStore;
import fathomexport.sink.Fence;
import fathomexport.sink.Migrated;
import fathomexport.sink.Removal;
import fathomexport.sink.SampleStore;
import fathomexport.sink.Sink;
import fathomexport.sink.WindowConfirmation;
import fathomexport.sink.WindowLoad;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A sink for commands that only read it, as it was left: it finds a report under its earlier name,
 * until a run gives what is stored the present one, and has nothing of a report whose table was
 * taken away, until a run makes it again. Each sink is looked at by itself, since a run that was
 * interrupted may have renamed one of them.
 */
final class SinkAsFound implements Sink {
  private final Sink sink;
  private final Map<String, String> renamed;
  private volatile @Nullable Map<String, String> storedAs;
  private volatile @Nullable Set<String> stored;

  /**
   * Creates it.
   *
   * @param renamed earlier names of reports, keyed by their present names
   */
  SinkAsFound(Sink sink, Map<String, String> renamed) {
    this.sink = sink;
    this.renamed = renamed;
  }

  /** Returns the names under which reports are stored, if these are earlier ones. Read once. */
  Map<String, String> storedAs() {
    Map<String, String> known = storedAs;
    if (known == null) {
      Set<String> there = reports();
      Map<String, String> found = new TreeMap<>();
      renamed.forEach(
          (name, earlier) -> {
            if (there.contains(earlier) && !there.contains(name)) {
              found.put(name, earlier);
            }
          });
      known = Map.copyOf(found);
      storedAs = known;
    }
    return known;
  }

  private Report asStored(Report report) {
    return report.named(storedAs().getOrDefault(report.name(), report.name()));
  }

  @Override
  public Ledger ledger() {
    return LedgerAsFound.in(
        sink.ledger(),
        name -> storedAs().getOrDefault(name, name),
        name -> reports().contains(name));
  }

  @Override
  public String name() {
    return sink.name();
  }

  @Override
  public Migrated migrate(List<Report> reports) {
    return sink.migrate(reports);
  }

  @Override
  public Map<String, String> refusals(List<Report> reports, Map<String, String> names) {
    return sink.refusals(reports, names);
  }

  @Override
  public Optional<String> moveAway(String report) {
    return sink.moveAway(report);
  }

  @Override
  public void rename(Map<String, String> names) {
    sink.rename(names);
  }

  @Override
  public Set<String> reports() {
    Set<String> known = stored;
    if (known == null) {
      known = Set.copyOf(sink.reports());
      stored = known;
    }
    return known;
  }

  @Override
  public void fence(Fence fence) {
    sink.fence(fence);
  }

  @Override
  public CommitResult commit(WindowLoad load) {
    return sink.commit(load);
  }

  @Override
  public void confirm(WindowConfirmation confirmation) {
    sink.confirm(confirmation);
  }

  @Override
  public Removal.Removed remove(Removal removal) {
    return sink.remove(removal);
  }

  @Override
  public RowSource stored(Report report, Slice slice, DayRange days) {
    return sink.stored(asStored(report), slice, days);
  }

  @Override
  public List<Damage> damages(Report report, Collection<SiteId> sites, DayRange days) {
    return sink.damages(asStored(report), sites, days).stream()
        .map(d -> d.of(report.name()))
        .toList();
  }

  @Override
  public SampleStore samples() {
    return sink.samples();
  }

  @Override
  public DimensionStore dimensions() {
    return sink.dimensions();
  }

  @Override
  public void close() {
    sink.close();
  }
}
