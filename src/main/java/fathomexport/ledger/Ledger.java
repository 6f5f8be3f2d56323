package fathomexport.ledger;

/**
 * Reads and writes what a sink knows of itself, subject by subject. Entries are written only
 * together with their rows, by the sink's commit; what is written here is about runs, lessons,
 * audits and rows that belong to no commit. Thread-safe.
 */
public interface Ledger
    extends PeriodLedger, JournalLedger, RunLedger, LessonLedger, AuditLedger, PipelineLocks {}
