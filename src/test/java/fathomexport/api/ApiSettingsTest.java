package fathomexport.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import fathomexport.api.pacing.RetryBudget;
import fathomexport.api.pacing.RetryPolicy;
import fathomexport.report.SecretRef;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ApiSettingsTest {
  private static final SecretRef TOKEN = new SecretRef.Env("FATHOM_API_TOKEN");

  @ParameterizedTest
  @ValueSource(
      strings = {
        "https://api.usefathom.com/v1",
        "HTTPS://API.usefathom.com/v1",
        "http://localhost:8080/v1",
        "http://127.0.0.1:1/v1",
        "http://127.8.9.1/v1",
        "http://[::1]:99/v1"
      })
  void takesHttpsAndThisMachine(String url) {
    assertThatCode(() -> ApiSettings.of(URI.create(url), TOKEN)).doesNotThrowAnyException();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://api.usefathom.com/v1",
        "http://localhost.example.com/v1",
        "http://127.0.0.1.example.com/v1",
        "http://10.0.0.1/v1",
        "ftp://localhost/v1",
        "file:///v1",
        "/v1",
        "https:///v1",
        "https://api.usefathom.com/v1?x=1",
        "https://api.usefathom.com/v1#x"
      })
  void refusesOthers(String url) {
    assertThatThrownBy(() -> ApiSettings.of(URI.create(url), TOKEN))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("base URL");
  }

  @Test
  void aSecretInTheAddressIsNotRepeated() {
    assertThatThrownBy(() -> ApiSettings.of(URI.create("https://me:s3cret@example.com/v1"), TOKEN))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageNotContaining("s3cret");
  }

  @Test
  void travelsBetweenMachines() throws Exception {
    ApiSettings settings = ApiSettings.of(URI.create("https://api.usefathom.com/v1"), TOKEN);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(settings);
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      assertThat(in.readObject()).isEqualTo(settings);
    }
  }

  @Test
  void backoffDoublesUpToItsCapWithChanceInItsSecondHalf() {
    RetryPolicy policy =
        new RetryPolicy(
            9,
            Duration.ofSeconds(1),
            Duration.ofSeconds(10),
            Duration.ofMinutes(1),
            Duration.ofMinutes(10));
    Random random = new Random(1);
    List<Integer> full = List.of(1, 2, 4, 8, 10, 10);
    for (int failed = 1; failed <= full.size(); failed++) {
      int n = failed;
      long most = Duration.ofSeconds(full.get(n - 1)).toNanos();
      assertThat(IntStream.range(0, 500).mapToLong(i -> policy.backoff(n, random).toNanos()))
          .allMatch(nanos -> nanos >= most / 2 && nanos <= most)
          .anyMatch(nanos -> nanos > most * 0.9)
          .anyMatch(nanos -> nanos < most * 0.6);
    }
  }

  @Test
  void theBudgetIsAReserveAndAShareOfWhatWasAnswered() {
    RetryBudget budget = new RetryBudget(2, 3);
    assertThat(budget.take()).isTrue();
    assertThat(budget.take()).isTrue();
    assertThat(budget.take()).isFalse();
    IntStream.range(0, 3).forEach(i -> budget.answered());
    assertThat(budget.take()).isTrue();
    assertThat(budget.take()).isFalse();
    assertThat(budget.taken()).isEqualTo(3);
  }
}
