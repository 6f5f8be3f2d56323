package fathomexport.fetch.rows;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Finds what a set of the cells' texts finds. */
class GroupKeysProperties {
  @Provide
  Arbitrary<List<List<@Nullable String>>> groups() {
    // "Aa" and "BB" have one hash; a cell that ends must not run into the next.
    Arbitrary<String> cell = Arbitraries.of("", "=", "a", "Aa", "BB", "AaBB", "BBAa", "é", "a=b");
    return cell.injectNull(0.2).list().ofSize(2).list().ofMaxSize(200);
  }

  @Property
  void asASet(@ForAll("groups") List<List<@Nullable String>> groups) {
    GroupKeys keys = new GroupKeys();
    for (int round = 0; round < 2; round++) {
      Set<List<@Nullable String>> expected = new HashSet<>();
      for (List<@Nullable String> group : groups) {
        assertThat(add(keys, group)).isEqualTo(expected.add(group));
      }
      keys.clear();
    }
  }

  /** Of two pages: what the first had is found in it, and taken over once. */
  @Property
  void asTwoSets(
      @ForAll("groups") List<List<@Nullable String>> first,
      @ForAll("groups") List<List<@Nullable String>> second) {
    GroupKeys before = new GroupKeys();
    first.forEach(group -> add(before, group));
    Set<List<@Nullable String>> expected = new HashSet<>(first);
    GroupKeys page = new GroupKeys();
    for (List<@Nullable String> group : second) {
      cells(page, group);
      assertThat(before.hasHandOf(page)).isEqualTo(expected.contains(group));
      page.dropHand();
    }
    second.forEach(group -> add(page, group));

    before.addAll(page);

    expected.addAll(second);
    for (List<@Nullable String> group : expected) {
      assertThat(add(before, group)).as("%s is there", group).isFalse();
    }
    assertThat(add(before, Arrays.asList("another", null))).isTrue();
  }

  @Test
  void manyOfOneHash() {
    GroupKeys keys = new GroupKeys();
    for (int i = 0; i < 1 << 14; i++) {
      StringBuilder text = new StringBuilder();
      for (int bit = 0; bit < 14; bit++) {
        text.append((i >> bit & 1) == 0 ? "Aa" : "BB");
      }
      assertThat(add(keys, Arrays.asList(text.toString(), i % 64 + ""))).isTrue();
    }
    assertThat(add(keys, Arrays.asList("Aa".repeat(14), "0"))).isFalse();
    assertThat(add(keys, Arrays.asList("Aa".repeat(14), "1"))).isTrue();
  }

  private static boolean add(GroupKeys keys, List<@Nullable String> group) {
    cells(keys, group);
    return keys.add();
  }

  private static void cells(GroupKeys keys, List<@Nullable String> group) {
    for (String cell : group) {
      keys.cell(cell == null ? null : cell.getBytes(StandardCharsets.UTF_8));
    }
  }
}
