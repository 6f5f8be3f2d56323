package fathomexport.pipeline;

import fathomexport.ledger.Ledger;
import fathomexport.sink.Sink;
import fathomexport.sink.parquet.ParquetSettings;
import fathomexport.sink.parquet.ParquetSink;
import fathomexport.sink.postgres.PostgresSettings;
import fathomexport.sink.postgres.PostgresSink;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The places that a pipeline's rows land in, opened. The first holds the ledger of runs and
 * lessons.
 */
final class Sinks implements AutoCloseable {
  private final List<Sink> sinks;

  private Sinks(List<Sink> sinks) {
    this.sinks = List.copyOf(sinks);
  }

  static Sinks open(
      @Nullable PostgresSettings postgres,
      @Nullable ParquetSettings parquet,
      Map<String, String> variables) {
    List<Sink> sinks = new ArrayList<>();
    if (postgres != null) {
      sinks.add(new PostgresSink(postgres, variables));
    }
    if (parquet != null) {
      sinks.add(new ParquetSink(parquet));
    }
    if (sinks.isEmpty()) {
      throw new IllegalArgumentException("a pipeline has at least one sink");
    }
    return new Sinks(sinks);
  }

  List<Sink> all() {
    return sinks;
  }

  Ledger ledger() {
    return sinks.get(0).ledger();
  }

  @Override
  public void close() {
    sinks.forEach(Sink::close);
  }
}
