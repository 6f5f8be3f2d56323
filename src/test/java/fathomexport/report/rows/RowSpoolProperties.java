package fathomexport.report.rows;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import fathomexport.testing.TestDirectories;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.lifecycle.AfterProperty;
import net.jqwik.api.lifecycle.BeforeProperty;

/** A spool is a list of rows, wherever they lie; a sorter is a sorted one. */
@SuppressWarnings("NullAway.Init") // set by jqwik's lifecycle
class RowSpoolProperties {
  private Path directory;

  @BeforeProperty
  void makeDirectory() throws IOException {
    directory = TestDirectories.create();
  }

  @AfterProperty
  void nothingIsLeft() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      assertThat(files).isEmpty();
    }
    Files.delete(directory);
  }

  /** What is done to a spool. */
  enum Verb {
    APPEND,
    MARK,
    ROLLBACK,
    READ
  }

  record Step(Verb verb, int size, int seed) {}

  @Provide
  Arbitrary<List<Step>> steps() {
    Arbitrary<Integer> sizes =
        Arbitraries.oneOf(
            Arbitraries.integers().between(0, 100),
            Arbitraries.integers().between(0, 9_000),
            Arbitraries.of(64 * 1024 - 4, 64 * 1024, 64 * 1024 + 1, 200_000));
    return Combinators.combine(
            Arbitraries.frequencyOf(
                net.jqwik.api.Tuple.of(10, Arbitraries.just(Verb.APPEND)),
                net.jqwik.api.Tuple.of(5, Arbitraries.of(Verb.class))),
            sizes,
            Arbitraries.integers())
        .as(Step::new)
        .list()
        .ofMaxSize(60);
  }

  private record Marked(RowSpool.Mark mark, int rows) {}

  @Property(tries = 100)
  void isAListOfRows(@ForAll("steps") List<Step> steps) throws Exception {
    List<byte[]> expected = new ArrayList<>();
    List<Marked> marks = new ArrayList<>();
    RowSpool spool = new RowSpool(directory);
    try {
      for (Step step : steps) {
        switch (step.verb()) {
          case APPEND -> {
            byte[] row = new byte[step.size()];
            new Random(step.seed()).nextBytes(row);
            spool.append(row, row.length);
            expected.add(row);
          }
          case MARK -> marks.add(new Marked(spool.mark(), expected.size()));
          case ROLLBACK -> {
            if (!marks.isEmpty()) {
              int at = Math.floorMod(step.seed(), marks.size());
              Marked to = marks.get(at);
              spool.rollback(to.mark());
              expected.subList(to.rows(), expected.size()).clear();
              marks.subList(at, marks.size()).clear();
            }
          }
          case READ -> assertThat(hex(rows(spool))).isEqualTo(hex(expected));
        }
        assertThat(spool.rows()).isEqualTo(expected.size());
        assertThat(spool.bytes())
            .isEqualTo(expected.stream().mapToLong(row -> row.length + 4L).sum());
      }
      assertThat(hex(rows(spool))).isEqualTo(hex(expected));
      assertThat(hex(rows(spool))).as("a second time").isEqualTo(hex(expected));
    } finally {
      spool.close();
    }
  }

  private static List<byte[]> rows(RowSpool spool) throws IOException {
    List<byte[]> rows = new ArrayList<>();
    try (RowSource source = spool.read()) {
      while (source.next()) {
        rows.add(Arrays.copyOf(source.buffer(), source.length()));
      }
    }
    return rows;
  }

  private static List<String> hex(List<byte[]> rows) {
    return rows.stream().map(HexFormat.of()::formatHex).toList();
  }

  @Example
  void refusesAMarkBehindItsEnd() throws IOException {
    try (RowSpool spool = new RowSpool(directory)) {
      spool.append(new byte[10], 10);
      RowSpool.Mark mark = spool.mark();
      spool.rollback(new RowSpool.Mark(0, 0));
      assertThatIllegalArgumentException().isThrownBy(() -> spool.rollback(mark));
    }
  }

  @Example
  void aClosedSpoolIsEmpty() throws IOException {
    RowSpool spool = new RowSpool(directory);
    spool.append(new byte[100_000], 100_000);
    spool.append(new byte[100_000], 100_000);
    spool.close();
    spool.close();
    assertThat(spool.rows()).isZero();
    assertThat(rows(spool)).isEmpty();
  }

  @Provide
  Arbitrary<List<List<byte[]>>> batches() {
    return Arbitraries.bytes()
        .between((byte) -2, (byte) 2)
        .array(byte[].class)
        .ofMaxSize(6)
        .list()
        .ofMaxSize(120)
        .list()
        .ofMaxSize(3);
  }

  @Property(tries = 200)
  void aSorterHandsOutWhatItWasGivenInOrder(
      @ForAll("batches") List<List<byte[]>> batches, @ForAll boolean spills) throws IOException {
    List<byte[]> expected = new ArrayList<>();
    try (RowSorter sorter = new RowSorter(directory, spills ? 300 : 1 << 20);
        RowSpool out = new RowSpool(directory)) {
      for (List<byte[]> batch : batches) {
        for (byte[] row : batch) {
          byte[] longer = Arrays.copyOf(row, row.length + 5);
          sorter.add(longer, row.length);
        }
        sorter.drainTo(out);
        List<byte[]> sorted = new ArrayList<>(batch);
        sorted.sort(Comparator.comparing(HexFormat.of()::formatHex));
        expected.addAll(sorted);
      }
      assertThat(hex(rows(out))).isEqualTo(hex(expected));
    }
  }

  @Example
  void aClosedSorterLeavesNoFile() throws IOException {
    RowSorter sorter = new RowSorter(directory, 100);
    for (int i = 0; i < 20; i++) {
      sorter.add(new byte[70_000], 70_000);
    }
    sorter.close();
    try (RowSpool out = new RowSpool(directory)) {
      sorter.drainTo(out);
      assertThat(out.rows()).isZero();
    }
  }
}
