package fathomexport.sink.parquet.file;

import com.fasterxml.jackson.databind.JsonNode;
import fathomexport.report.Slice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** What the lists of pipelines contained, in {@code _fathom/listings/<pipeline>.json}. */
public final class ListingFiles {
  /** Why a period is incomplete that was not over before its site or event was retired. */
  public static final String ENDED =
      "not over when it was fetched, and its site or event is no longer listed: it will never be"
          + " whole";

  private static final String SUFFIX = ".json";

  private final Path folder;
  private final Documents documents;

  public ListingFiles(Layout layout, Documents documents) {
    this.folder = layout.own().resolve("listings");
    this.documents = documents;
  }

  /** Returns the file of a pipeline, which may not exist. */
  public Path file(String pipeline) {
    return folder.resolve(Layout.escape(pipeline) + SUFFIX);
  }

  /**
   * Returns what no pipeline's list has contained since it was last seen, each with the last day
   * that was stored of it by then, if anything was. The rule is that of the view {@code
   * fathom_ops.retired}.
   *
   * @param lastSeen when sites (as slices without an event) and events were last listed
   */
  public Map<Slice, Optional<LocalDate>> retired(Map<Slice, Instant> lastSeen) throws IOException {
    Map<Slice, Optional<LocalDate>> retired = new HashMap<>();
    if (!Files.isDirectory(folder)) {
      return retired;
    }
    List<Path> files;
    try (Stream<Path> found = Files.list(folder)) {
      files = found.filter(file -> file.toString().endsWith(SUFFIX)).sorted().toList();
    }
    for (Path file : files) {
      JsonNode content = documents.read(file);
      if (content == null) {
        continue;
      }
      for (JsonNode listing : content.required("listings")) {
        Slice slice = Documents.slice(listing);
        if (listing.has("unlisted_at")
            && Instant.parse(Documents.text(listing, "unlisted_at"))
                .isAfter(lastSeen.getOrDefault(slice, Instant.MIN))) {
          retired.merge(
              slice,
              listing.has("last_day")
                  ? Optional.of(LocalDate.parse(Documents.text(listing, "last_day")))
                  : Optional.empty(),
              ListingFiles::later);
        }
      }
    }
    return retired;
  }

  private static Optional<LocalDate> later(Optional<LocalDate> a, Optional<LocalDate> b) {
    return Stream.of(a, b).flatMap(Optional::stream).max(LocalDate::compareTo);
  }
}
