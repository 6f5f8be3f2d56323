package fathomexport.fetch.partition;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The rows of one response, and per grouping field its values and how often each occurs. */
public final class Sample {
  private final List<Map<@Nullable String, Integer>> counts = new ArrayList<>();
  private final List<@Nullable String[]> rows = new ArrayList<>();

  public Sample(int fields) {
    for (int i = 0; i < fields; i++) {
      counts.add(new HashMap<>());
    }
  }

  /**
   * Adds a row.
   *
   * @param cells the texts of its fields, null for a missing value
   */
  public void add(@Nullable String[] cells) {
    rows.add(cells.clone());
    for (int i = 0; i < cells.length; i++) {
      counts.get(i).merge(cells[i], 1, Integer::sum);
    }
  }

  void clear() {
    rows.clear();
    counts.forEach(Map::clear);
  }

  public long rows() {
    return rows.size();
  }

  /** Returns the added rows. */
  List<@Nullable String[]> all() {
    return Collections.unmodifiableList(rows);
  }

  Map<@Nullable String, Integer> values(int field) {
    return counts.get(field);
  }

  int distinct(int field) {
    return counts.get(field).size();
  }

  /** Returns the number of rows with the most frequent value. */
  int most(int field) {
    return counts.get(field).values().stream().mapToInt(n -> n).max().orElse(0);
  }
}
