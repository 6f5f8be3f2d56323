package fathomexport.report;

import static org.assertj.core.api.Assertions.assertThat;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A suggested command names the files that the command which suggests it was given. */
class ProgramTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "        |                  | backfill nightly --force",
        "        | nightly          | backfill nightly --force",
        "o/s.yaml| nightly          | --config o/s.yaml backfill nightly --force",
        "my conf | p/nightly.yaml   | --config 'my conf' backfill p/nightly.yaml --force",
        "        | ./nightly.yml    | backfill ./nightly.yml --force",
        "        | nightly.yaml     | backfill nightly.yaml --force",
        "        | it's/nightly.yaml| backfill 'it'\\''s/nightly.yaml' --force",
        "        | p/other.yaml     | backfill nightly --force",
        "        | p/night.yaml     | backfill nightly --force"
      })
  void theFilesAreNamed(@Nullable String config, @Nullable String pipeline, String typed) {
    String plain = Program.command("backfill nightly --force");
    Program.Given given = Program.given(config, pipeline);
    try {
      assertThat(Program.command("backfill nightly --force")).endsWith(" " + typed);
    } finally {
      given.end();
    }
    assertThat(Program.command("backfill nightly --force")).isEqualTo(plain);
  }

  @Test
  void whatCommandsAreGivenIsNested() {
    Program.Given outer = Program.given("outer", null);
    Program.Given inner = Program.given("inner", null);
    assertThat(Program.command("check")).endsWith(" --config inner check");
    inner.end();
    assertThat(Program.command("check")).endsWith(" --config outer check");
    outer.end();
    assertThat(Program.command("check")).doesNotContain("config");
  }
}
