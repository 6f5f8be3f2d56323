package fathomexport.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What was opened last is closed first, and everything is closed. */
class ClosingTest {
  private final List<String> closed = new ArrayList<>();

  @Test
  void theLastIsClosedFirst() {
    Closing.inReverse(List.of(() -> closed.add("first"), () -> closed.add("second")));
    assertThat(closed).containsExactly("second", "first");
  }

  @Test
  void aFailureKeepsNothingOpenAndHidesNoOther() {
    IllegalStateException first = new IllegalStateException("the second does not close");
    IOException later = new IOException("nor does the first");
    List<AutoCloseable> opened =
        List.of(
            () -> {
              closed.add("first");
              throw later;
            },
            () -> {
              closed.add("second");
              throw first;
            });

    assertThatThrownBy(() -> Closing.inReverse(opened))
        .isSameAs(first)
        .satisfies(e -> assertThat(e.getSuppressed()[0]).hasCause(later));
    assertThat(closed).containsExactly("second", "first");
  }
}
