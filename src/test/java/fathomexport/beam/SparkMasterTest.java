package fathomexport.beam;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import fathomexport.run.ExportFailedException;
import fathomexport.run.FailureKind;
import fathomexport.testing.FlinkOverview;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a run on Spark is given, before a cluster is asked. */
class SparkMasterTest {
  private static RunnerOptions options(String... more) {
    return new RunnerOptions(
        Stream.concat(Stream.of("--runner=SparkRunner"), Stream.of(more)).toList());
  }

  @Test
  void anAddressIsThatOfAStandaloneCluster() {
    assertThat(options("--sparkMaster=spark://spark.example:7077").manager(none()))
        .contains(new SparkMaster("spark.example", 7077));
    assertThat(options("--sparkMaster=local-cluster[2, 1, 1024]").manager(none()))
        .as("the cluster is part of this process")
        .isEmpty();
    assertThat(options().engine()).contains(Engine.SPARK);
    assertThat(new RunnerOptions(List.of()).engine()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"local[4]", "yarn", "k8s://h:443", "h:7077", "spark://h", "spark://h:99999"})
  void whatWasNotTriedIsRefused(String address) {
    assertThatThrownBy(() -> SparkMaster.at(address))
        .isInstanceOfSatisfying(
            ExportFailedException.class,
            e -> assertThat(e.kind()).isEqualTo(FailureKind.CONFIGURATION))
        .hasMessageContainingAll("--sparkMaster=" + address, "allowed: spark://HOST:PORT");
  }

  @Test
  void propertiesAreSetForTheTimeOfARun() {
    String name = "spark.cores.max";
    System.setProperty("spark.speculation", "true");
    try (SparkProperties set = SparkProperties.set(Engine.SPARK, 3)) {
      assertThat(set).isNotNull();
      assertThat(System.getProperty(name)).isEqualTo("3");
      assertThat(System.getProperty("spark.speculation")).as("the user's").isEqualTo("true");
    } finally {
      assertThat(System.clearProperty("spark.speculation")).isEqualTo("true");
    }
    assertThat(System.getProperty(name)).isNull();
  }

  /** Such as the web page of the master, whose port is beside that of the master itself. */
  @Test
  void aPortThatSpeaksHttpIsNoMaster() throws IOException {
    try (FlinkOverview page = new FlinkOverview(1, 1, 1, "1.19.0")) {
      SparkMaster master = SparkMaster.at("spark://" + page.address()).orElseThrow();
      assertThatThrownBy(master::requireReachable)
          .isInstanceOfSatisfying(
              ExportFailedException.class,
              e -> assertThat(e.kind()).isEqualTo(FailureKind.CONFIGURATION))
          .hasMessageContainingAll("--sparkMaster=spark://" + page.address(), "answers in HTTP");
    }
  }

  /** A master does not answer what is not of its protocol: it closes the connection, or waits. */
  @Test
  void aPortThatSaysNothingMayBeAMaster() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Thread closing =
          new Thread(
              () -> {
                try (Socket accepted = socket.accept()) {
                  var unused = accepted.getInputStream().read();
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
      closing.start();
      new SparkMaster("127.0.0.1", socket.getLocalPort()).requireReachable();
    }
  }

  private static FlinkConfiguration none() {
    return FlinkConfiguration.of(null);
  }
}
