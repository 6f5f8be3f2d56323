package fathomexport.cli.output;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;

class BarChartTest {
  private static Map<String, Object> chart(long... values) {
    return BarChart.of(
        "title",
        "caption",
        LongStream.of(values).mapToObj(v -> new BarChart.Bar(v, v > 1, "bar " + v, "")).toList(),
        "first",
        "last");
  }

  private static List<Object> ofBars(String key, long... values) {
    return assertThat(chart(values))
        .extractingByKey("bars", InstanceOfAssertFactories.list(Map.class))
        .actual()
        .stream()
        .<Object>map(bar -> bar.get(key))
        .toList();
  }

  @Test
  void theHighestBarFillsTheChartAndTheOthersAreInProportion() {
    assertThat(ofBars("height", 50, 100)).containsExactly("65.0", "130.0");
    assertThat(ofBars("y", 50, 100)).containsExactly("85.0", "20.0");
  }

  @Test
  void aValueAboveZeroIsAlwaysVisible() {
    assertThat(ofBars("height", 0, 1, 1_000_000)).containsExactly("1.0", "2.0", "130.0");
  }

  @Test
  void fewBarsAreNotWiderThanTheyNeedToBe() {
    assertThat(ofBars("x", 1, 1, 1)).containsExactly("0.0", "24.0", "48.0");
    assertThat(ofBars("width", 1, 1, 1)).containsOnly("22.0");
  }

  @Test
  void manyBarsShareTheWidth() {
    long[] values = Collections.nCopies(100, 1L).stream().mapToLong(v -> v).toArray();
    assertThat(ofBars("x", values)).contains("594.0");
    assertThat(ofBars("width", values)).containsOnly("4.0");
  }

  @Test
  void oneBarHasNoSecondDate() {
    assertThat(chart(1)).containsEntry("from", "first").containsEntry("to", "");
    assertThat(chart(1, 1)).containsEntry("to", "last");
  }

  @Test
  void withoutBarsThereIsAnEmptyChart() {
    assertThat(chart()).containsEntry("top", "1").containsEntry("bars", List.of());
  }
}
