package fathomexport.report.rows;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.report.Report;
import fathomexport.report.TableSchema;
import fathomexport.testing.TestReports;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.AlphaChars;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.NotEmpty;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.constraints.StringLength;

/** One digest, one set of rows. */
class RowDigestProperties {
  private static final TableSchema SCHEMA = TestReports.traffic().schema();

  private static String digest(List<String> rows) {
    RowDigest digest = new RowDigest(SCHEMA);
    for (String row : rows) {
      byte[] bytes = row.getBytes(StandardCharsets.UTF_8);
      // As it comes in a buffer that is longer than the row.
      digest.add(Arrays.copyOf(bytes, bytes.length + 5), bytes.length);
    }
    return digest.text();
  }

  @Property(tries = 300)
  void orderDoesNotMatter(
      @ForAll @Size(max = 20) List<@AlphaChars @StringLength(max = 40) String> rows,
      @ForAll long seed) {
    List<String> shuffled = new ArrayList<>(rows);
    Collections.shuffle(shuffled, new Random(seed));

    assertThat(digest(shuffled)).isEqualTo(digest(rows));
  }

  @Property(tries = 300)
  void aRowMoreLessOrOtherwiseDoes(
      @ForAll @NotEmpty @Size(max = 20) List<@AlphaChars @StringLength(max = 40) String> rows,
      @ForAll @IntRange(max = 1_000) int at) {
    int place = at % rows.size();
    List<String> dropped = new ArrayList<>(rows);
    dropped.remove(place);
    List<String> doubled = new ArrayList<>(rows);
    doubled.add(rows.get(place));
    List<String> changed = new ArrayList<>(rows);
    changed.set(place, rows.get(place) + "1");

    assertThat(List.of(digest(dropped), digest(doubled), digest(changed)))
        .doesNotContain(digest(rows));
  }

  @Example
  void otherColumnsAreNotComparable() {
    Report other = TestReports.pages();
    RowDigest traffic = new RowDigest(SCHEMA);
    RowDigest pages = new RowDigest(other.schema());

    assertThat(RowDigest.comparable(traffic.text(), pages.text())).isFalse();
    assertThat(RowDigest.comparable(traffic.text(), digest(List.of("a")))).isTrue();
    traffic.add(new byte[] {1}, 1);
    traffic.reset();
    assertThat(traffic.text()).isEqualTo(digest(List.of()));
  }
}
