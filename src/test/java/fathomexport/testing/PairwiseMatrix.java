package fathomexport.testing;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;

/** Combinations in which every level of every factor meets every level of every other one. */
public final class PairwiseMatrix {
  private static final int CANDIDATES = 80;

  private PairwiseMatrix() {}

  /** Two levels that must meet, by the places of their factors. */
  private record Pair(int factor, int level, int otherFactor, int otherLevel) {}

  /**
   * Few combinations, though not the fewest: each is the best of some random ones.
   *
   * @param factors the levels of each factor
   * @param seed the same seed gives the same combinations
   */
  public static <T> List<List<T>> of(List<List<T>> factors, long seed) {
    Set<Pair> missing = new HashSet<>();
    for (int f = 0; f < factors.size(); f++) {
      for (int g = f + 1; g < factors.size(); g++) {
        for (int i = 0; i < factors.get(f).size(); i++) {
          for (int j = 0; j < factors.get(g).size(); j++) {
            missing.add(new Pair(f, i, g, j));
          }
        }
      }
    }
    SplittableRandom random = new SplittableRandom(seed);
    List<List<T>> combinations = new ArrayList<>();
    while (!missing.isEmpty()) {
      int[] best = new int[0];
      int most = -1;
      for (int i = 0; i < CANDIDATES; i++) {
        int[] candidate =
            factors.stream().mapToInt(levels -> random.nextInt(levels.size())).toArray();
        if (i % 2 == 0) {
          // Random ones alone would hardly ever meet the last pairs.
          Pair wanted = missing.iterator().next();
          candidate[wanted.factor()] = wanted.level();
          candidate[wanted.otherFactor()] = wanted.otherLevel();
        }
        int covered = pairs(candidate, missing).size();
        if (covered > most) {
          most = covered;
          best = candidate;
        }
      }
      missing.removeAll(new HashSet<>(pairs(best, missing)));
      List<T> combination = new ArrayList<>();
      for (int f = 0; f < best.length; f++) {
        combination.add(factors.get(f).get(best[f]));
      }
      combinations.add(combination);
    }
    return combinations;
  }

  /**
   * The fewest combinations in which every level of every factor stands at least once: as many as
   * the longest factor has levels.
   *
   * @param seed the same seed gives the same combinations
   */
  public static <T> List<List<T>> each(List<List<T>> factors, long seed) {
    Random random = new Random(seed);
    int most = factors.stream().mapToInt(List::size).max().orElse(0);
    List<List<T>> columns = new ArrayList<>();
    for (List<T> factor : factors) {
      List<T> column = new ArrayList<>();
      while (column.size() < most) {
        List<T> levels = new ArrayList<>(factor);
        Collections.shuffle(levels, random);
        column.addAll(levels);
      }
      columns.add(column);
    }
    List<List<T>> combinations = new ArrayList<>();
    for (int i = 0; i < most; i++) {
      int row = i;
      combinations.add(columns.stream().map(column -> column.get(row)).toList());
    }
    return combinations;
  }

  private static List<Pair> pairs(int[] levels, Set<Pair> missing) {
    List<Pair> pairs = new ArrayList<>();
    for (int f = 0; f < levels.length; f++) {
      for (int g = f + 1; g < levels.length; g++) {
        Pair pair = new Pair(f, levels[f], g, levels[g]);
        if (missing.contains(pair)) {
          pairs.add(pair);
        }
      }
    }
    return pairs;
  }
}
