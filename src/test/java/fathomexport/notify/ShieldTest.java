package fathomexport.notify;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.report.SecretRef;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ShieldTest {
  @Test
  void noSecretAndNoControlCharacterLeaves() {
    Shield shield =
        Shield.of(
            List.of(
                new SecretRef.Env("TOKEN"),
                new SecretRef.Env("LONGER"),
                new SecretRef.Env("SHORT"),
                new SecretRef.Env("NOT_THERE")),
            Map.of("TOKEN", "t0k3n", "LONGER", "t0k3n-and-more", "SHORT", "is"));

    assertThat(shield.line("this t0k3n-and-more is t0k3n\n\u001b[2Jforged"))
        .as("the longer one first, so that no end of it is left")
        .isEqualTo("this *** is ***\\u000a\\u001b[2Jforged");
    assertThat(shield.and(List.of("/hooks/abc")).line("POST /hooks/abc failed"))
        .isEqualTo("POST *** failed");
  }
}
