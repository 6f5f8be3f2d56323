package fathomexport.report.rows;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/** A spool is a list of rows, wherever they lie; a sorter is a sorted one. */
class RowSpoolProperties {
  /** What is done to a spool. */
  sealed interface Step {
    /** Appends rows of these lengths. */
    record Append(List<Integer> lengths) implements Step {}

    record Mark() implements Step {}

    /** Goes back to one of the marks that still hold. */
    record Rollback(int which) implements Step {}

    record Read() implements Step {}

    /** Goes through serialisation, as between a runner's steps. */
    record Move() implements Step {}
  }

  private static Path directory = Path.of(".");

  @BeforeContainer
  static void create() throws IOException {
    directory = Files.createTempDirectory("spool");
  }

  @AfterContainer
  static void nothingIsLeft() throws IOException {
    try (Stream<Path> left = Files.list(directory)) {
      assertThat(left).isEmpty();
    }
    Files.delete(directory);
  }

  @Provide
  Arbitrary<List<Step>> steps() {
    Arbitrary<Integer> lengths =
        Arbitraries.frequencyOf(
            Tuple.of(6, Arbitraries.integers().between(0, 300)),
            Tuple.of(3, Arbitraries.integers().between(300, 30_000)),
            Tuple.of(1, Arbitraries.of(65_531, 65_532, 65_533, 65_536, 90_000)));
    Arbitrary<Step> step =
        Arbitraries.frequencyOf(
            Tuple.of(5, lengths.list().ofMaxSize(8).map(l -> (Step) new Step.Append(l))),
            Tuple.of(2, Arbitraries.just(new Step.Mark())),
            Tuple.of(2, Arbitraries.integers().between(0, 9).map(i -> (Step) new Step.Rollback(i))),
            Tuple.of(1, Arbitraries.just(new Step.Read())),
            Tuple.of(1, Arbitraries.just(new Step.Move())));
    return step.list().ofMaxSize(25);
  }

  @Property(tries = 300)
  void isAListOfRows(@ForAll("steps") List<Step> steps, @ForAll long seed) throws IOException {
    Random random = new Random(seed);
    List<byte[]> model = new ArrayList<>();
    List<RowSpool.Mark> marks = new ArrayList<>();
    RowSpool spool = new RowSpool(directory);
    marks.add(spool.mark());
    try {
      for (Step step : steps) {
        if (step instanceof Step.Append append) {
          for (int length : append.lengths()) {
            byte[] row = new byte[length];
            random.nextBytes(row);
            spool.append(row, length);
            model.add(row);
          }
        } else if (step instanceof Step.Rollback rollback) {
          int which = rollback.which() % marks.size();
          RowSpool.Mark mark = marks.get(which);
          spool.rollback(mark);
          model.subList((int) mark.rows(), model.size()).clear();
          marks.subList(which + 1, marks.size()).clear();
        } else if (step instanceof Step.Mark) {
          marks.add(spool.mark());
        } else if (step instanceof Step.Read) {
          assertHolds(spool, model);
        } else {
          spool = moved(spool);
        }
        assertThat(spool.rows()).isEqualTo(model.size());
        assertThat(spool.bytes()).isEqualTo(model.stream().mapToLong(r -> r.length + 4L).sum());
      }
      assertHolds(spool, model);
      assertHolds(spool, model);
    } finally {
      spool.close();
    }
    assertThat(spool.rows()).isZero();
  }

  private static void assertHolds(RowSpool spool, List<byte[]> model) throws IOException {
    List<byte[]> rows = rows(spool);
    assertThat(rows).hasSameSizeAs(model);
    for (int i = 0; i < rows.size(); i++) {
      assertThat(Arrays.equals(rows.get(i), model.get(i))).as("row %d", i).isTrue();
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

  private static RowSpool moved(RowSpool spool) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(spool);
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      return (RowSpool) in.readObject();
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException(e);
    }
  }

  @Provide
  Arbitrary<List<byte[]>> encoded() {
    Arbitrary<byte[]> few =
        Arbitraries.bytes().between((byte) -1, (byte) 1).array(byte[].class).ofMaxSize(4);
    Arbitrary<byte[]> any = Arbitraries.bytes().array(byte[].class).ofMaxSize(60);
    return Arbitraries.oneOf(few, any).list().ofMaxSize(60);
  }

  @Property(tries = 300)
  void aSorterGivesBackTheSortedMultiset(
      @ForAll("encoded") List<byte[]> rows,
      @ForAll("encoded") List<byte[]> more,
      @ForAll("runs") long run)
      throws IOException {
    try (RowSorter sorter = new RowSorter(directory, run);
        RowSpool out = new RowSpool(directory)) {
      byte[] wider = new byte[100];
      List<byte[]> expected = new ArrayList<>();
      // Twice, as for two periods: it is empty again in between.
      for (List<byte[]> part : List.of(rows, more)) {
        for (byte[] row : part) {
          System.arraycopy(row, 0, wider, 0, row.length);
          sorter.add(wider, row.length);
        }
        sorter.drainTo(out);
        part.stream().sorted(Arrays::compareUnsigned).forEach(expected::add);
      }
      assertHolds(out, expected);
    }
  }

  @Provide
  Arbitrary<Long> runs() {
    // From a run a row, over a few, to all in memory.
    return Arbitraries.of(1L, 100L, 500L, 1_000_000L);
  }

  @Example
  void rowsThatAreOnlyAddedAreGoneWithTheSorter() throws IOException {
    try (RowSorter sorter = new RowSorter(directory, 10)) {
      sorter.add(new byte[] {1, 2, 3}, 3);
    }
  }

  @Example
  void aMarkBehindTheEndIsRefused() throws IOException {
    try (RowSpool spool = new RowSpool(directory)) {
      spool.append(new byte[10], 10);
      RowSpool.Mark mark = spool.mark();
      spool.rollback(new RowSpool.Mark(0, 0));
      assertThatIllegalArgumentException().isThrownBy(() -> spool.rollback(mark));
    }
  }
}
