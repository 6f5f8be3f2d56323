package fathomexport.lineage;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.lineage.ParentRuns.Reference;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ParentRunsTest {
  private static final UUID RUN = UUID.fromString("f99310b4-3c3c-1a1a-2b2b-c1b95c24ff11");

  private final List<String> warnings = new ArrayList<>();

  @Test
  void noVariableIsNoParent() {
    assertThat(ParentRuns.of(Map.of(), warnings::add)).isEmpty();
    assertThat(ParentRuns.of(Map.of("OPENLINEAGE_PARENT_ID", " "), warnings::add)).isEmpty();
    assertThat(warnings).isEmpty();
  }

  @Test
  void aNamespaceMayHoldSlashes() {
    assertThat(
            ParentRuns.of(
                Map.of("OPENLINEAGE_PARENT_ID", "https://airflow.example/nights.export/" + RUN),
                warnings::add))
        .contains(
            new ParentRuns(new Reference("https://airflow.example", "nights.export", RUN), null));
    assertThat(warnings).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"x", "a/b", "/b/f99310b4-3c3c-1a1a-2b2b-c1b95c24ff11", "a//b", "a/b/c"})
  void whatCannotBeReadIsLeftOutWithAWarning(String value) {
    assertThat(ParentRuns.of(Map.of("OPENLINEAGE_PARENT_ID", value), warnings::add)).isEmpty();
    assertThat(warnings).singleElement().asString().contains("OPENLINEAGE_PARENT_ID");
  }

  @Test
  void aRootAloneIsNoParent() {
    Map<String, String> variables = Map.of("OPENLINEAGE_ROOT_PARENT_ID", "airflow/nights/" + RUN);
    assertThat(ParentRuns.of(variables, warnings::add)).isEmpty();
  }
}
