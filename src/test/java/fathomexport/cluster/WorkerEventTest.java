package fathomexport.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import fathomexport.ledger.LedgerException;
import fathomexport.run.FailureKind;
import fathomexport.run.WindowOutcome;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.HexFormat;
import java.util.logging.Level;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;

/** What the processes of a run tell each other, as the tables have it. */
class WorkerEventTest {
  @Test
  void eachEventIsReadAsItWasWritten() {
    WindowOutcome failed = WindowOutcome.failed("a window", FailureKind.STORAGE, "full \u2028 \0");
    SoftAssertions softly = new SoftAssertions();
    for (WorkerEvent event :
        new WorkerEvent[] {
          new WorkerEvent.Sent(),
          new WorkerEvent.Limited(),
          new WorkerEvent.LongWait(Instant.parse("2025-10-02T14:00:00Z"), "the API asks for it"),
          new WorkerEvent.Notice("a notice"),
          new WorkerEvent.Rows(Long.MAX_VALUE),
          new WorkerEvent.Ended(failed),
          new WorkerEvent.EndedBefore(failed),
          new WorkerEvent.Failed(failed)
        }) {
      softly
          .assertThat(Serialized.read(Serialized.write(event), WorkerEvent.class))
          .isEqualTo(event);
    }
    softly.assertAll();
  }

  /** Whoever can write into the table of events must not choose the classes that are made. */
  @Test
  void classesOfOthersAreNotRead() throws IOException {
    for (Object foreign : new Object[] {new Timestamp(0), Level.INFO}) {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
        out.writeObject(foreign);
      }
      String hex = HexFormat.of().formatHex(bytes.toByteArray());
      assertThatThrownBy(() -> Serialized.read(hex, Object.class))
          .as("%s", foreign.getClass())
          .isInstanceOf(LedgerException.class);
    }
  }

  @Test
  void whatIsCutOffIsSaid() {
    String whole = Serialized.write(new WorkerEvent.Notice("a notice"));
    assertThatThrownBy(
            () -> Serialized.read(whole.substring(0, whole.length() / 4 * 2), WorkerEvent.class))
        .isInstanceOf(LedgerException.class)
        .hasMessageContaining("what a worker has reported cannot be read");
  }

  @Test
  void aHaltIsReadAsItWasWritten() {
    WindowOutcome reason = WindowOutcome.failed("a window", FailureKind.PERMISSION, "refused");
    for (Halt halt :
        new Halt[] {
          Halt.of(null, reason),
          Halt.of("", reason),
          Halt.of("account:one", reason),
          Halt.of("run", reason)
        }) {
      assertThat(Halt.read(halt.reach(), halt.kind().name(), halt.source(), halt.message()))
          .isEqualTo(halt);
      assertThat(halt.reason()).isEqualTo(reason);
    }
  }

  /** A run that ends because of a failure may still be stopped: both rows are kept. */
  @Test
  void aStopIsApartFromFailures() {
    Halt stop = new Halt(null, FailureKind.STOPPED, "", "stopped as requested");
    Halt failure = new Halt(null, FailureKind.STORAGE, "", "full");
    assertThat(stop.reach()).isNotEqualTo(failure.reach());
    assertThat(Halt.read(stop.reach(), stop.kind().name(), "", stop.message())).isEqualTo(stop);
  }
}
