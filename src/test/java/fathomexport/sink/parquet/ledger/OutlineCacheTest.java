package fathomexport.sink.parquet.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.ledger.PeriodSum;
import fathomexport.report.DateGrouping;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.sink.parquet.file.Documents;
import fathomexport.sink.parquet.file.Layout;
import fathomexport.testing.LogCapture;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The outlines that one command leaves serve the next one exactly as long as the files do. */
class OutlineCacheTest {
  private static final Outline OUTLINE =
      new Outline(
          DateGrouping.DAY,
          List.of(),
          List.of(
              new PeriodSum(
                  new Slice(new SiteId("CDBUGS"), null),
                  LocalDate.of(2026, 6, 1),
                  "definition-1",
                  null,
                  LocalDate.of(2026, 6, 2),
                  LocalDate.of(2026, 6, 30),
                  28,
                  Long.MAX_VALUE,
                  Instant.parse("2026-07-01T03:04:05.678901Z"))));

  @TempDir private Path root;
  private Layout layout;
  private Path june;

  @BeforeEach
  void store() throws IOException {
    layout = new Layout(root);
    june = layout.file("traffic", new SiteId("CDBUGS"), DateGrouping.DAY, LocalDate.of(2026, 6, 1));
    write("the ledger of June");
  }

  /** A file that ends as Parquet files do, with a footer and its length. */
  private void write(String footer) throws IOException {
    byte[] text = footer.getBytes(StandardCharsets.US_ASCII);
    Files.createDirectories(june.getParent());
    Files.write(
        june,
        ByteBuffer.allocate(4 + text.length + 8)
            .order(ByteOrder.LITTLE_ENDIAN)
            .put(new byte[] {'P', 'A', 'R', '1'})
            .put(text)
            .putInt(text.length)
            .put(new byte[] {'P', 'A', 'R', '1'})
            .array());
  }

  /** The cache of a command. */
  private OutlineCache cache() {
    return new OutlineCache(layout, new ReportNotes(layout, new Documents()));
  }

  private FileStates states() throws IOException {
    return Objects.requireNonNull(FileStates.of(layout, june));
  }

  private void keep(OutlineCache cache) throws IOException {
    cache.keep(june, states(), OUTLINE, FileContent.ofFooter(june), FileContent.NONE);
  }

  /** What a later command knows of the file. */
  private @Nullable Outline later() throws IOException {
    return cache().of(june, states());
  }

  @Test
  void aLaterCommandHasWhatWasSaved() throws IOException {
    OutlineCache cache = cache();
    keep(cache);
    assertThat(cache.has(june, states())).isTrue();
    assertThat(later()).as("not saved yet").isNull();
    cache.save("traffic", List.of(june));
    assertThat(OutlineCache.isOutlines(layout.outlines("traffic"))).isTrue();
    assertThat(later()).isEqualTo(OUTLINE);
  }

  /** Such as after a backup was restored: the time of the file is another, its content the same. */
  @Test
  void aFileThatWasCopiedIsTheSame() throws IOException {
    OutlineCache cache = cache();
    keep(cache);
    cache.save("traffic", List.of(june));
    Path copy = root.resolve("copy");
    Files.copy(june, copy);
    Files.delete(june);
    Files.move(copy, june);
    assertThat(later()).isEqualTo(OUTLINE);
  }

  @Test
  void aFileWithAnotherFooterIsReadItself() throws IOException {
    OutlineCache cache = cache();
    keep(cache);
    cache.save("traffic", List.of(june));
    write("the ledger of july");
    assertThat(later()).as("of the same size").isNull();
    write("none");
    assertThat(later()).isNull();
    Files.writeString(june, "damaged");
    assertThat(later()).isNull();
  }

  @Test
  void newNotesBesideAFileCount() throws IOException {
    OutlineCache cache = cache();
    keep(cache);
    cache.save("traffic", List.of(june));
    Path notes = layout.confirmations(june);
    Files.createDirectories(notes.getParent());
    Files.writeString(notes, "{}");
    assertThat(later()).isNull();
  }

  /** A file that changed while it was read may have another content than the one that was read. */
  @Test
  void anOutlineOfUnknownContentServesOnlyItsOwnCommand() throws IOException {
    OutlineCache cache = cache();
    cache.keep(june, states(), OUTLINE, null, FileContent.NONE);
    assertThat(cache.of(june, states())).isEqualTo(OUTLINE);
    cache.save("traffic", List.of(june));
    assertThat(later()).isNull();
  }

  @Test
  void whatAnotherProgramHasPutInTheirPlaceIsLeftAsItIs() throws IOException {
    Path foreign = layout.outlines("traffic");
    Files.createDirectories(foreign.getParent());
    Files.writeString(foreign, "somebody's file");
    OutlineCache cache = cache();
    keep(cache);
    try (LogCapture log = LogCapture.ofAll()) {
      cache.save("traffic", List.of(june));
      assertThat(log.text())
          .contains("was not written by fathom-export, and is left as it is")
          .contains("move it away");
    }
    assertThat(foreign).hasContent("somebody's file");
    assertThat(OutlineCache.isOutlines(foreign)).isFalse();
    assertThat(later()).isNull();
  }
}
