package fathomexport.sink.parquet.ledger;

import fathomexport.ledger.CertificateStatus;
import fathomexport.ledger.PeriodSum;
import fathomexport.ledger.Stretch;
import fathomexport.report.DateGrouping;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.sink.parquet.file.DurableFiles;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The outlines of a report's data files in one file, each with the content that it is an outline
 * of. A run writes it at its end, so that later commands need not parse the footers. It is never
 * the truth: a file of other content is read itself, and an outline file that cannot be read, or
 * that another version wrote, counts as empty.
 */
final class OutlineFile {
  private static final Logger LOG = LoggerFactory.getLogger(OutlineFile.class);
  private static final String NAME = "fathom-export outlines ";
  private static final byte[] NAME_BYTES = NAME.getBytes(StandardCharsets.UTF_16BE);
  private static final String FORMAT = NAME + "2";

  /** More stretches and sums are not kept: they would be read into memory at once. */
  private static final int MOST_PARTS = 80_000;

  /** A longer file is not one of this class, however it begins: it is not read into memory. */
  private static final long MOST_BYTES = 64L << 20;

  private final Path file;
  private final String heading;

  /**
   * Names an outline file.
   *
   * @param meaning what the outlines depend on besides the content of the data files
   */
  OutlineFile(Path file, String meaning) {
    this.file = file;
    this.heading = FORMAT + " " + meaning;
  }

  /** An outline, and the contents of the data file and of the notes that it was made from. */
  record Saved(FileContent data, FileContent notes, Outline outline) {}

  /** Returns the outlines by the names of their data files. */
  Map<String, Saved> read() {
    try {
      if (!isOne(file) || Files.size(file) > MOST_BYTES) {
        LOG.debug("{} is not used: it is none, or too large for one", file);
        return Map.of();
      }
      byte[] content = Files.readAllBytes(file);
      int length = content.length - Long.BYTES;
      if (length < 0 || ByteBuffer.wrap(content).getLong(length) != checksum(content, length)) {
        LOG.debug("{} is not whole, and is not used", file);
        return Map.of();
      }
      return new Reader(ByteBuffer.wrap(content, 0, length)).outlines(heading);
    } catch (NoSuchFileException e) {
      return Map.of();
    } catch (IOException | RuntimeException e) {
      LOG.debug("{} is not used", file, e);
      return Map.of();
    }
  }

  /**
   * Returns whether a file was written by this class, in any version of its format: it begins with
   * a heading of this class, whatever follows.
   */
  static boolean isOne(Path file) {
    if (!Files.isRegularFile(file)) {
      return false;
    }
    try (InputStream in = Files.newInputStream(file)) {
      ByteBuffer begin = ByteBuffer.wrap(in.readNBytes(2 * Integer.BYTES + NAME_BYTES.length));
      return begin.getInt() == 0
          && begin.getInt() >= NAME.length()
          && begin.equals(ByteBuffer.wrap(NAME_BYTES));
    } catch (IOException | BufferUnderflowException e) {
      return false;
    }
  }

  /**
   * Writes the outlines, unless the file has them already, or is not one of this class.
   *
   * @return whether the file has them now
   */
  boolean write(Map<String, Saved> outlines) throws IOException {
    if (Files.exists(file, LinkOption.NOFOLLOW_LINKS) && !isOne(file)) {
      return false;
    }
    byte[] content = new Writer().content(heading, outlines);
    boolean isAlike = Files.isRegularFile(file) && Files.size(file) == content.length;
    if (!isAlike || !Arrays.equals(content, Files.readAllBytes(file))) {
      DurableFiles.write(file, content);
    }
    return true;
  }

  private static long checksum(byte[] content, int length) {
    CRC32C checksum = new CRC32C();
    checksum.update(content, 0, length);
    return checksum.getValue();
  }

  /** Writes texts that occur often by their number, after their first occurrence. */
  private static final class Writer {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final DataOutputStream out = new DataOutputStream(bytes);
    private final Map<String, Integer> texts = new HashMap<>();

    byte[] content(String heading, Map<String, Saved> outlines) throws IOException {
      text(heading);
      int parts = 0;
      for (Map.Entry<String, Saved> e : outlines.entrySet()) {
        parts += e.getValue().outline().parts();
        if (parts > MOST_PARTS) {
          break;
        }
        out.writeBoolean(true);
        text(e.getKey());
        content(e.getValue().data());
        content(e.getValue().notes());
        text(e.getValue().outline().grouping().name());
        out.writeInt(e.getValue().outline().stretches().size());
        for (Stretch stretch : e.getValue().outline().stretches()) {
          stretch(stretch);
        }
        out.writeInt(e.getValue().outline().sums().size());
        for (PeriodSum sum : e.getValue().outline().sums()) {
          sum(sum);
        }
      }
      out.writeBoolean(false);
      out.writeLong(checksum(bytes.toByteArray(), bytes.size()));
      return bytes.toByteArray();
    }

    private void content(FileContent content) throws IOException {
      out.writeLong(content.size());
      out.writeLong(content.checksums());
    }

    private void stretch(Stretch s) throws IOException {
      text(s.slice().site().value());
      text(s.slice().event());
      out.writeLong(s.first().toEpochDay());
      out.writeLong(s.coversTo().toEpochDay());
      out.writeBoolean(s.partial());
      text(s.status().name());
      out.writeBoolean(s.stored());
      out.writeBoolean(s.empty());
      text(s.definition());
      text(s.zone());
      out.writeLong(s.periods());
      out.writeLong(s.rows());
      instant(s.fetchedAt());
      out.writeLong(s.digest());
    }

    private void sum(PeriodSum s) throws IOException {
      text(s.slice().site().value());
      text(s.slice().event());
      out.writeLong(s.first().toEpochDay());
      text(s.definition());
      text(s.zone());
      out.writeLong(s.from().toEpochDay());
      out.writeLong(s.to().toEpochDay());
      out.writeLong(s.days());
      out.writeLong(s.pageviews());
      instant(s.knownAt());
    }

    private void instant(Instant instant) throws IOException {
      out.writeLong(instant.getEpochSecond());
      out.writeInt(instant.getNano());
    }

    private void text(@Nullable String text) throws IOException {
      if (text == null) {
        out.writeInt(-1);
        return;
      }
      Integer known = texts.putIfAbsent(text, texts.size());
      out.writeInt(known == null ? texts.size() - 1 : known);
      if (known == null) {
        // As characters, because writeUTF has a limit that the name of an event may exceed.
        out.writeInt(text.length());
        out.writeChars(text);
      }
    }
  }

  /** Reads what {@link Writer} writes. What is too short or otherwise wrong is an exception. */
  private static final class Reader {
    private final ByteBuffer in;
    private final List<String> texts = new ArrayList<>();

    Reader(ByteBuffer content) {
      this.in = content;
    }

    Map<String, Saved> outlines(String heading) {
      Map<String, Saved> outlines = new HashMap<>();
      if (!heading.equals(text())) {
        return outlines;
      }
      while (flag()) {
        String name = required();
        FileContent data = content();
        FileContent notes = content();
        DateGrouping grouping = DateGrouping.valueOf(required());
        List<Stretch> stretches = new ArrayList<>();
        for (int left = in.getInt(); left > 0; left--) {
          stretches.add(stretch());
        }
        List<PeriodSum> sums = new ArrayList<>();
        for (int left = in.getInt(); left > 0; left--) {
          sums.add(sum());
        }
        outlines.put(name, new Saved(data, notes, new Outline(grouping, stretches, sums)));
      }
      return outlines;
    }

    private FileContent content() {
      return new FileContent(in.getLong(), in.getLong());
    }

    private Stretch stretch() {
      return new Stretch(
          new Slice(new SiteId(required()), text()),
          LocalDate.ofEpochDay(in.getLong()),
          LocalDate.ofEpochDay(in.getLong()),
          flag(),
          CertificateStatus.valueOf(required()),
          flag(),
          flag(),
          required(),
          text(),
          in.getLong(),
          in.getLong(),
          instant(),
          in.getLong());
    }

    private PeriodSum sum() {
      return new PeriodSum(
          new Slice(new SiteId(required()), text()),
          LocalDate.ofEpochDay(in.getLong()),
          required(),
          text(),
          LocalDate.ofEpochDay(in.getLong()),
          LocalDate.ofEpochDay(in.getLong()),
          in.getLong(),
          in.getLong(),
          instant());
    }

    private Instant instant() {
      return Instant.ofEpochSecond(in.getLong(), in.getInt());
    }

    private boolean flag() {
      return in.get() != 0;
    }

    private String required() {
      return Objects.requireNonNull(text());
    }

    private @Nullable String text() {
      int number = in.getInt();
      if (number == texts.size()) {
        int length = in.getInt();
        texts.add(in.asCharBuffer().limit(length).toString());
        in.position(in.position() + length * Character.BYTES);
      }
      return number < 0 ? null : texts.get(number);
    }
  }
}
