package fathomexport.export;

import fathomexport.report.SecretUnavailableException;
import fathomexport.run.ExportJob;
import fathomexport.run.FailureKind;
import fathomexport.run.FailurePolicy;
import fathomexport.run.RunEnvironment;
import fathomexport.sink.SinkException;
import fathomexport.sink.postgres.DatabaseCheck;
import fathomexport.sink.postgres.db.PostgresSettings;
import java.util.List;

/** Looks at what a run needs of its database: the server, the tables, and the role's rights. */
final class DatabaseCheckup {
  private static final String FOR_ADMINISTRATORS = "as an administrator of the database, run: ";

  private final ExportJob job;
  private final RunEnvironment environment;
  private final Findings findings;

  DatabaseCheckup(ExportJob job, RunEnvironment environment, Findings findings) {
    this.job = job;
    this.environment = environment;
    this.findings = findings;
  }

  void run(PostgresSettings database) {
    DatabaseCheck check;
    try {
      check =
          DatabaseCheck.of(
              database, environment.variables(), job.toPostgres() ? job.reports() : List.of());
    } catch (SecretUnavailableException e) {
      findings.failed(
          "database secret",
          FailurePolicy.of(e, false).kind(),
          "postgres.password: " + e.getMessage());
      return;
    } catch (SinkException e) {
      FailurePolicy.Verdict verdict = FailurePolicy.of(e, false);
      findings.failed("database", verdict.kind(), verdict.message());
      return;
    }
    String unusable = check.unusable();
    if (unusable == null) {
      findings.ok("database", check.server());
    } else {
      findings.failed("database", FailureKind.STORAGE, check.server() + ": " + unusable);
    }
    check.notMigrated().ifPresent(why -> findings.failed("tables", FailureKind.CONFIGURATION, why));
    if (!check.grants().isEmpty()) {
      findings.failed(
          "privileges",
          FailureKind.CONFIGURATION,
          check.migrated()
              ? FOR_ADMINISTRATORS + String.join(" ", check.grants())
              : check.toMigrate());
    }
    if (!check.grantsForReaders().isEmpty()) {
      findings.warning(
          "privileges",
          "runs work without these privileges, but do not update at their end what readers"
              + " need (whether measures add up, sums of months): "
              + FOR_ADMINISTRATORS
              + String.join(" ", check.grantsForReaders()));
    } else if (check.grants().isEmpty()) {
      privileges(check.power());
    }
    String pooler = check.pooler().orElse("none");
    if (check.poolerRefused()) {
      findings.failed("pooler", FailureKind.CONFIGURATION, pooler);
    } else {
      findings.ok("pooler", pooler);
    }
  }

  /** Says what a role that may do enough may do beyond that. */
  private void privileges(DatabaseCheck.Power power) {
    String enough = "the role may do everything that a run needs";
    switch (power) {
      case LOADS -> findings.ok("privileges", enough + ", and no more: another role migrates");
      case OWNS ->
          findings.ok(
              "privileges",
              enough
                  + ", and as the owner of the tables also change and drop them. Where that is too"
                  + " much, let one role migrate and another one load: see \"Roles and grants\" in"
                  + " docs/maintenance.md");
      case SUPERUSER ->
          findings.warning(
              "privileges",
              "the role is a superuser, who may read and change everything on the server. A run"
                  + " needs CREATE on its database and no more: name such a role in postgres.user"
                  + " (\"Roles and grants\" in docs/maintenance.md)");
    }
  }
}
