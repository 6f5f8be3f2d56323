package fathomexport.sink.parquet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import fathomexport.dimension.Change;
import fathomexport.dimension.Dimensions;
import fathomexport.dimension.EventRow;
import fathomexport.dimension.Listing;
import fathomexport.dimension.Merge;
import fathomexport.dimension.Retirement;
import fathomexport.dimension.Sighting;
import fathomexport.dimension.SiteRow;
import fathomexport.dimension.SiteSpan;
import fathomexport.report.Milestone;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.report.TableSchema;
import fathomexport.sink.DimensionStore;
import fathomexport.sink.SinkException;
import fathomexport.sink.parquet.file.DamagedFileException;
import fathomexport.sink.parquet.file.Documents;
import fathomexport.sink.parquet.file.DurableFiles;
import fathomexport.sink.parquet.file.FileLocks;
import fathomexport.sink.parquet.file.Layout;
import fathomexport.sink.parquet.file.ListingFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Stores dimensions as files, see {@link DimensionFiles}, and what pipelines' lists contained in
 * {@code _fathom/listings/<pipeline>.json}. Each file is replaced as a whole. The history comes
 * first and the listings last: a merge that was cut off in between is completed by the next one.
 */
final class ParquetDimensions implements DimensionStore {
  private static final String LOCK = "dimensions";

  private final Layout layout;
  private final FileLocks locks;
  private final Documents documents;
  private final DimensionFiles files;
  private final ListingFiles listings;

  ParquetDimensions(Layout layout, FileLocks locks, Documents documents) {
    this.layout = layout;
    this.locks = locks;
    this.documents = documents;
    this.files = new DimensionFiles(layout);
    this.listings = new ListingFiles(layout, documents);
  }

  @Override
  public boolean isPrepared() {
    return Files.isDirectory(layout.own());
  }

  @Override
  public Dimensions read(String pipeline) {
    return isPrepared() ? guarded("cannot read the files", () -> load(pipeline)) : Dimensions.EMPTY;
  }

  @Override
  public List<Listing> listings(String pipeline) {
    return isPrepared() ? guarded("cannot read the files", () -> listed(pipeline)) : List.of();
  }

  @Override
  public List<Retirement> retired() {
    return isPrepared() ? guarded("cannot read the files", this::readRetired) : List.of();
  }

  @Override
  public List<Change> record(Sighting sighting) {
    return guarded(
        "cannot write the files",
        () ->
            locks.holding(
                LOCK,
                () -> {
                  for (TableSchema table : DimensionFiles.ALL) {
                    // Writers hold the lock, so the existing temporary files are leftovers.
                    DurableFiles.removeTemporaries(layout.report(table.name()));
                  }
                  Dimensions before = load(sighting.pipeline());
                  Merge.Result merged = Merge.of(before, sighting);
                  store(sighting.pipeline(), before, merged.dimensions());
                  return merged.changes();
                }));
  }

  private <T> T guarded(String what, FileLocks.FileWork<T> work) {
    String where = " of sites, events and milestones in " + layout.root() + ": ";
    try {
      return work.run();
    } catch (DamagedFileException e) {
      throw new SinkException(
          SinkException.Kind.DAMAGED,
          what + where + e.getMessage() + " (delete it: the next run writes it again)",
          e);
    } catch (IOException e) {
      throw new SinkException(
          SinkException.Kind.UNAVAILABLE, what + where + DurableFiles.reason(e), e);
    } catch (IllegalArgumentException | DateTimeException e) {
      throw new SinkException(
          SinkException.Kind.DAMAGED, what + where + e.getMessage() + "; delete it", e);
    }
  }

  // --- Reading

  private Dimensions load(String pipeline) throws IOException {
    Map<SiteId, SiteRow> sites = new LinkedHashMap<>();
    files.sites().forEach(row -> sites.put(row.id(), row));
    Map<SiteId, List<SiteSpan>> history = new LinkedHashMap<>();
    files
        .history()
        .forEach(span -> history.computeIfAbsent(span.site(), s -> new ArrayList<>()).add(span));
    history.values().forEach(spans -> spans.sort(Comparator.comparing(SiteSpan::validFrom)));
    Map<Slice, EventRow> events = new LinkedHashMap<>();
    files.events().forEach(row -> events.put(row.event(), row));
    Map<SiteId, List<Milestone>> milestones = new LinkedHashMap<>();
    files
        .milestones()
        .forEach(
            e -> milestones.computeIfAbsent(e.getKey(), s -> new ArrayList<>()).add(e.getValue()));
    Map<Slice, Listing> listed = new LinkedHashMap<>();
    listed(pipeline).forEach(l -> listed.put(l.slice(), l));
    return new Dimensions(sites, history, events, milestones, askedAt(), listed);
  }

  private List<Listing> listed(String pipeline) throws IOException {
    JsonNode content = pipeline.isEmpty() ? null : documents.read(listings.file(pipeline));
    List<Listing> found = new ArrayList<>();
    if (content != null) {
      for (JsonNode node : content.required("listings")) {
        found.add(
            new Listing(
                Documents.slice(node),
                Instant.parse(Documents.text(node, "first_listed_at")),
                instantOrNull(node, "unlisted_at"),
                node.has("last_day") ? LocalDate.parse(Documents.text(node, "last_day")) : null,
                instantOrNull(node, "events_listed_at")));
      }
    }
    return found;
  }

  private static @Nullable Instant instantOrNull(JsonNode node, String field) {
    return node.has(field) ? Instant.parse(Documents.text(node, field)) : null;
  }

  private List<Retirement> readRetired() throws IOException {
    Map<Slice, Instant> seen = new HashMap<>();
    files.sites().forEach(row -> seen.put(new Slice(row.id(), null), row.lastSeenAt()));
    files.events().forEach(row -> seen.put(row.event(), row.lastSeenAt()));
    return listings.retired(seen).entrySet().stream()
        .map(e -> new Retirement(e.getKey(), e.getValue().orElse(null)))
        .toList();
  }

  private Map<SiteId, Instant> askedAt() throws IOException {
    JsonNode content = documents.read(askedFile());
    Map<SiteId, Instant> asked = new LinkedHashMap<>();
    if (content != null) {
      for (Map.Entry<String, JsonNode> e : content.properties()) {
        asked.put(new SiteId(e.getKey()), Instant.parse(e.getValue().asText()));
      }
    }
    return asked;
  }

  private Path askedFile() {
    return layout.own().resolve("milestones.json");
  }

  // --- Writing what differs

  private void store(String pipeline, Dimensions before, Dimensions after) throws IOException {
    if (differs(DimensionFiles.HISTORY, before.history(), after.history())) {
      files.writeHistory(after.history().values().stream().flatMap(List::stream).toList());
    }
    if (differs(DimensionFiles.SITE, before.sites(), after.sites())) {
      files.writeSites(after.sites().values());
    }
    if (differs(DimensionFiles.EVENT, before.events(), after.events())) {
      files.writeEvents(after.events().values());
    }
    if (differs(DimensionFiles.MILESTONE, before.milestones(), after.milestones())) {
      files.writeMilestones(
          after.milestones().entrySet().stream()
              .flatMap(e -> e.getValue().stream().map(m -> Map.entry(e.getKey(), m)))
              .toList());
    }
    if (!before.milestonesAskedAt().equals(after.milestonesAskedAt())) {
      ObjectNode node = documents.object();
      after.milestonesAskedAt().forEach((site, at) -> node.put(site.value(), at.toString()));
      documents.write(askedFile(), node);
    }
    if (!pipeline.isEmpty() && !before.listings().equals(after.listings())) {
      ObjectNode node = documents.object();
      var list = node.putArray("listings");
      after.listings().values().forEach(l -> list.add(toJson(l)));
      documents.write(listings.file(pipeline), node);
    }
  }

  /**
   * Returns whether a table's file must be written: also if it does not exist yet, so that readers
   * find every table.
   */
  private boolean differs(TableSchema table, Map<?, ?> before, Map<?, ?> after) {
    return !before.equals(after) || !Files.exists(files.file(table));
  }

  private ObjectNode toJson(Listing listing) {
    ObjectNode node = documents.object();
    Documents.putSlice(node, listing.slice());
    node.put("first_listed_at", listing.firstListedAt().toString());
    Instant unlisted = listing.unlistedAt();
    if (unlisted != null) {
      node.put("unlisted_at", unlisted.toString());
    }
    LocalDate last = listing.lastDay();
    if (last != null) {
      node.put("last_day", last.toString());
    }
    Instant events = listing.eventsListedAt();
    if (events != null) {
      node.put("events_listed_at", events.toString());
    }
    return node;
  }
}
