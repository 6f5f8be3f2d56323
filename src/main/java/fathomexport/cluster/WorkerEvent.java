package fathomexport.cluster;

import fathomexport.run.WindowOutcome;
import java.io.Serializable;
import java.time.Instant;

/** What a worker reports of its lane to the process that was started. */
sealed interface WorkerEvent extends Serializable {
  /** A billed request is sent. */
  record Sent() implements WorkerEvent {}

  /** A response was 429. */
  record Limited() implements WorkerEvent {}

  /** A wait begins that is longer than the quota alone requires. */
  record LongWait(Instant until, String reason) implements WorkerEvent {}

  /** Something that the operator should know. */
  record Notice(String message) implements WorkerEvent {}

  /** Rows were read from a response. */
  record Rows(long rows) implements WorkerEvent {}

  /** A window ended. */
  record Ended(WindowOutcome outcome) implements WorkerEvent {}

  /** The lane ends before its end: what it has left cannot be exported on this worker. */
  record Failed(WindowOutcome why) implements WorkerEvent {}

  /** An earlier attempt at the lane had committed a window. */
  record EndedBefore(WindowOutcome outcome) implements WorkerEvent {}
}
