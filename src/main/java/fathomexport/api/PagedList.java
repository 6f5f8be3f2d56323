package fathomexport.api;

import fathomexport.api.answer.Listed;
import fathomexport.api.answer.Lookups;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Fetches all pages of a list. */
final class PagedList {
  private static final int PAGE_SIZE = 100;
  private static final int MOST_PAGES = 1000;

  private PagedList() {}

  /** Fetches one page. */
  interface Call<T> {
    Outcome<Lookups.ListPage<T>> page(String query);
  }

  /**
   * Fetches all pages.
   *
   * @param endpoint named if the pages have no end
   */
  static <T> Outcome<Listed<T>> of(Endpoint endpoint, Call<T> call) {
    List<T> found = new ArrayList<>();
    Set<String> odd = new LinkedHashSet<>();
    Set<String> cursors = new LinkedHashSet<>();
    String after = null;
    for (int page = 0; page < MOST_PAGES; page++) {
      String query =
          "?limit="
              + PAGE_SIZE
              + (after == null ? "" : "&starting_after=" + AggregationRequest.encode(after));
      Outcome<Lookups.ListPage<T>> outcome = call.page(query);
      if (!(outcome instanceof Outcome.Success<Lookups.ListPage<T>> success)) {
        return outcome.failure();
      }
      Lookups.ListPage<T> got = success.answer();
      found.addAll(got.found());
      odd.addAll(got.odd());
      if (!got.more() || (got.found().isEmpty() && got.odd().isEmpty())) {
        return new Outcome.Success<>(new Listed<>(found, List.copyOf(odd)));
      }
      after = got.cursor();
      if (after == null || !cursors.add(after)) {
        return new Outcome.Malformed<>("the pages of " + endpoint.path() + " repeat", true);
      }
    }
    return new Outcome.Malformed<>(
        endpoint.path() + " has more than " + MOST_PAGES + " pages of " + PAGE_SIZE, true);
  }
}
