package fathomexport.beam;

import fathomexport.run.ExportFailedException;
import fathomexport.run.FailureKind;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The master of a standalone Spark cluster. Spark's own client tries an address for a minute before
 * it gives up.
 */
record SparkMaster(String host, int port) implements ClusterMaster {
  private static final Named NAMED =
      new Named(Engine.SPARK, "sparkMaster", "the master of a standalone cluster");
  private static final Pattern ADDRESS = Pattern.compile("spark://([^\\s:/,]+):(\\d{1,5})/?");
  private static final Pattern WITHIN_THIS_PROCESS =
      Pattern.compile("local-cluster\\[\\s*\\d+\\s*,\\s*\\d+\\s*,\\s*\\d+\\s*]");
  private static final int MOST_PORT = 65_535;

  /**
   * Returns the master at an address as {@code --sparkMaster} takes it; empty if it stands for a
   * cluster that this process starts, {@code local-cluster[WORKERS,CORES,MEMORY]}.
   *
   * @throws ExportFailedException if it is neither
   */
  static Optional<SparkMaster> at(String address) {
    if (WITHIN_THIS_PROCESS.matcher(address).matches()) {
      return Optional.empty();
    }
    Matcher parts = ADDRESS.matcher(address);
    if (parts.matches() && Integer.parseInt(parts.group(2)) <= MOST_PORT) {
      return Optional.of(new SparkMaster(parts.group(1), Integer.parseInt(parts.group(2))));
    }
    throw new ExportFailedException(
        FailureKind.CONFIGURATION,
        "Beam's options behind --: --sparkMaster="
            + address
            + " is not a standalone Spark cluster, which is what a run is tested with; allowed:"
            + " spark://HOST:PORT, or local-cluster[WORKERS,CORES,MEGABYTES] to try it out",
        null);
  }

  @Override
  public void requireReachable() {
    ClusterMaster.connect(host, port, NAMED);
    if (ClusterMaster.speaksHttp(host, port)) {
      throw ClusterMaster.another(
          "spark://" + this,
          NAMED,
          "is no master of Spark: it answers in HTTP, as the web page of a master does");
    }
  }

  /** Its port speaks Spark's own protocol, which does not say. */
  @Override
  public Optional<FlinkMaster.Room> room() {
    return Optional.empty();
  }

  @Override
  public String toString() {
    return host + ":" + port;
  }
}
