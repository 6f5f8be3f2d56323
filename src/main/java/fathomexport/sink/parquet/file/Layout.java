package fathomexport.sink.parquet.file;

import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.SiteId;
import java.io.IOException;
import java.net.URLDecoder;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.LocalDate;
import java.time.YearMonth;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Maps data to files: {@code <root>/<report>/site_id=<id>/month=YYYY-MM/data.parquet} for hours and
 * days, {@code year=YYYY} for months and years, no such folder without date grouping. Everything
 * else is below {@code <root>/_fathom}: warehouse readers skip names that start with an underscore,
 * and no report's name does.
 */
public final class Layout {
  public static final String DATA = "data.parquet";
  private static final String SITE = "site_id=";
  private static final String MONTH = "month=";
  private static final String YEAR = "year=";
  private static final int LONGEST_ESCAPED = 200;
  private static final int PREFIX_OF_LONG = 150;

  /** Escaping never produces this, because two digits follow each percent sign there. */
  private static final String HASHED = "%~";

  private final Path root;

  public Layout(Path root) {
    this.root = root;
  }

  public Path root() {
    return root;
  }

  public Path report(String report) {
    return root.resolve(report);
  }

  /** Returns the report of a data file. */
  public String reportOf(Path file) {
    return root.relativize(file).getName(0).toString();
  }

  /** Returns the folder of everything that is not rows. */
  public Path own() {
    return root.resolve("_fathom");
  }

  /** Returns the folder of the run records. */
  public Path runs() {
    return own().resolve("runs");
  }

  /** Returns the file that contains a period. */
  public Path file(String report, SiteId site, DateGrouping grouping, LocalDate period) {
    return report(report).resolve(siteFolder(site)).resolve(partition(grouping, period));
  }

  /**
   * Returns the file of the confirmation notes on a data file: the same path below {@code _fathom}.
   */
  public Path confirmations(Path file) {
    return own().resolve("confirmed").resolve(root.relativize(file).getParent() + ".json");
  }

  /** Returns the file of what verifications found to differ in a report's files. */
  public Path differences(String report) {
    return own().resolve("differences").resolve(report + ".json");
  }

  /** Returns the folder of the outlines of data files. */
  public Path outlines() {
    return own().resolve("outlines");
  }

  /** Returns the file of the outlines of a report's data files. */
  public Path outlines(String report) {
    return outlines().resolve(report + ".bin");
  }

  private static String partition(DateGrouping grouping, LocalDate period) {
    return switch (grouping) {
      case HOUR, DAY -> MONTH + YearMonth.from(period) + "/" + DATA;
      case MONTH, YEAR -> "%s%04d/%s".formatted(YEAR, period.getYear(), DATA);
      case NONE -> DATA;
    };
  }

  /**
   * Returns the name of a site's folder: the id in UTF-8, with all but letters, digits and {@code
   * -_.~} percent-encoded, which is how DuckDB and Hive read and write partition values. If the
   * result is too long for a file name, or the id is invalid Unicode, the name contains a digest.
   * Two ids never share a folder, but a reader that takes {@code site_id} from the path sees the
   * digest.
   */
  public static String siteFolder(SiteId site) {
    String escaped = escape(site.value());
    boolean faithful = StandardCharsets.UTF_8.newEncoder().canEncode(site.value());
    if (faithful && escaped.length() <= LONGEST_ESCAPED) {
      return SITE + escaped;
    }
    int end = Math.min(escaped.length(), PREFIX_OF_LONG);
    int lastEscape = escaped.lastIndexOf('%', end - 1);
    if (lastEscape >= 0 && lastEscape + 3 > end) {
      end = lastEscape;
    }
    return SITE + escaped.substring(0, end) + HASHED + digest(site.value());
  }

  /**
   * Returns the site of a folder. Empty if this program did not create the folder, or if its name
   * contains only a digest of the site's id.
   */
  public static Optional<SiteId> site(String folder) {
    if (!folder.startsWith(SITE) || folder.contains(HASHED)) {
      return Optional.empty();
    }
    try {
      // A plus sign is itself in a folder's name, but a blank to the decoder.
      String id =
          URLDecoder.decode(
              folder.substring(SITE.length()).replace("+", "%2B"), StandardCharsets.UTF_8);
      return Optional.of(new SiteId(id)).filter(site -> siteFolder(site).equals(folder));
    } catch (IllegalArgumentException e) {
      // No site has such a folder.
      return Optional.empty();
    }
  }

  /** Percent-encodes everything but letters, digits and {@code -_.~}. */
  public static String escape(String value) {
    StringBuilder out = new StringBuilder();
    for (byte b : value.getBytes(StandardCharsets.UTF_8)) {
      int c = b & 0xff;
      boolean plain =
          (c >= 'a' && c <= 'z')
              || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9')
              || c == '-'
              || c == '_'
              || c == '.'
              || c == '~';
      if (plain) {
        out.append((char) c);
      } else {
        out.append('%').append(HexFormat.of().withUpperCase().toHexDigits(b));
      }
    }
    return out.toString();
  }

  private static String digest(String value) {
    try {
      // Digest the chars: encoding would map all lone surrogates to the same bytes.
      ByteBuffer chars = ByteBuffer.allocate(2 * value.length());
      chars.asCharBuffer().put(value);
      byte[] hash = MessageDigest.getInstance("SHA-256").digest(chars.array());
      return HexFormat.of().formatHex(hash, 0, 16);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /**
   * Returns the files of a report that may contain periods of these days, in the order of their
   * paths.
   *
   * @param sites the sites; empty for all
   */
  public List<Path> files(String report, Collection<SiteId> sites, LocalDate from, LocalDate to)
      throws IOException {
    Set<String> wanted = new HashSet<>();
    sites.forEach(site -> wanted.add(siteFolder(site)));
    List<Path> files = new ArrayList<>();
    // The sites have the same months.
    Map<String, Boolean> parts = new HashMap<>();
    for (Path site : children(report(report))) {
      String name = site.getFileName().toString();
      if (!name.startsWith(SITE) || (!wanted.isEmpty() && !wanted.contains(name))) {
        continue;
      }
      addIfThere(site, files);
      for (Path part : children(site)) {
        if (parts.computeIfAbsent(part.getFileName().toString(), p -> overlaps(p, from, to))) {
          addIfThere(part, files);
        }
      }
    }
    return files;
  }

  /** Returns whether a report has a file with rows, and looks no further than for the first. */
  public boolean hasFiles(String report) throws IOException {
    List<Path> found = new ArrayList<>();
    for (Path site : children(report(report))) {
      if (site.getFileName().toString().startsWith(SITE)) {
        addIfThere(site, found);
        for (Path part : children(site)) {
          if (found.isEmpty() && days(part.getFileName().toString()) != null) {
            addIfThere(part, found);
          }
        }
        if (!found.isEmpty()) {
          return true;
        }
      }
    }
    return false;
  }

  private static boolean overlaps(String part, LocalDate from, LocalDate to) {
    DayRange days = days(part);
    return days != null && !days.last().isBefore(from) && !days.first().isAfter(to);
  }

  /**
   * Returns the days of a partition's folder, or null if this program did not create the folder.
   */
  private static @Nullable DayRange days(String folder) {
    try {
      if (folder.startsWith(MONTH)) {
        YearMonth month = YearMonth.parse(folder.substring(MONTH.length()));
        return new DayRange(month.atDay(1), month.atEndOfMonth());
      }
      if (folder.startsWith(YEAR)) {
        LocalDate first = LocalDate.parse(folder.substring(YEAR.length()) + "-01-01");
        return new DayRange(first, first.withMonth(12).withDayOfMonth(31));
      }
      return null;
    } catch (DateTimeParseException e) {
      // The folder was not created by this program.
      return null;
    }
  }

  /** Returns the days that a data file may hold; null if it holds all ranges of a site. */
  public @Nullable DayRange days(Path file) {
    Path folder = file.getParent();
    return folder == null ? null : days(folder.getFileName().toString());
  }

  /** Returns the site of a data file; empty where its folder does not name it. */
  public Optional<SiteId> site(Path file) {
    for (Path folder = file.getParent();
        folder != null && !folder.equals(root);
        folder = folder.getParent()) {
      Optional<SiteId> site = site(folder.getFileName().toString());
      if (site.isPresent()) {
        return site;
      }
    }
    return Optional.empty();
  }

  /** Returns whether a data file holds one month or year, rather than all ranges of a site. */
  public boolean isPartitioned(Path file) {
    return days(file) != null;
  }

  /** Returns whether a folder contains folders of sites, as a report's does. */
  public boolean hasSites(String report) throws IOException {
    return children(report(report)).stream()
        .anyMatch(child -> child.getFileName().toString().startsWith(SITE));
  }

  private static void addIfThere(Path folder, List<Path> files) {
    Path file = folder.resolve(DATA);
    if (Files.isRegularFile(file)) {
      files.add(file);
    }
  }

  /** Returns what a folder contains, in the order of the names; empty if it does not exist. */
  public static List<Path> children(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> children = Files.list(folder)) {
      return children.sorted().toList();
    }
  }
}
