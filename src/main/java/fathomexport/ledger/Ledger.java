package fathomexport.ledger;

/**
 * Reads and writes the ledger of a sink, subject by subject. Entries are written only by the sink's
 * commit, together with their rows. What is written through this interface concerns runs, lessons,
 * audits, verifications and rows that belong to no commit. Thread-safe.
 */
public interface Ledger
    extends PeriodLedger,
        JournalLedger,
        RunLedger,
        LessonLedger,
        AuditLedger,
        DifferenceLedger,
        PipelineLocks {}
