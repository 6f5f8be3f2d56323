package fathomexport.window;

import fathomexport.api.ApiSettings;
import fathomexport.run.AccountAccess;
import fathomexport.run.Budget;
import fathomexport.run.ExportSpec;
import fathomexport.run.Priority;
import fathomexport.sink.postgres.db.PostgresSettings;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Specifications of runs without a launcher. */
final class Specs {
  private Specs() {}

  /** A backfill that writes files only. */
  static ExportSpec toFiles(ApiSettings api, int windows, Path warehouse) {
    Instant now = Instant.parse("2025-10-02T14:00:00Z");
    return new ExportSpec(
        ExportSpec.newRunId(now),
        "all",
        "backfill",
        now,
        windows,
        List.of(new AccountAccess("", "api.token", api, "account")),
        Priority.WHEN_FREE,
        null,
        Budget.UNLIMITED,
        null,
        warehouse.toString(),
        1_000,
        366,
        Map.of(),
        "");
  }

  /** A backfill that writes to a database only, which also has the quota. */
  static ExportSpec toDatabase(
      ApiSettings api, int windows, PostgresSettings database, Budget budget) {
    return toDatabase(api, windows, database, budget, 1_000);
  }

  static ExportSpec toDatabase(
      ApiSettings api, int windows, PostgresSettings database, Budget budget, int rowLimit) {
    return withDatabase(api, windows, database, null, budget, rowLimit);
  }

  /** A backfill that writes to a database and to files. */
  static ExportSpec toBoth(
      ApiSettings api, int windows, PostgresSettings database, Path warehouse, int rowLimit) {
    return withDatabase(api, windows, database, warehouse.toString(), Budget.UNLIMITED, rowLimit);
  }

  private static ExportSpec withDatabase(
      ApiSettings api,
      int windows,
      PostgresSettings database,
      @Nullable String warehouse,
      Budget budget,
      int rowLimit) {
    Instant now = Instant.parse("2025-10-02T14:00:00Z");
    return new ExportSpec(
        ExportSpec.newRunId(now),
        "all",
        "backfill",
        now,
        windows,
        List.of(new AccountAccess("", "api.token", api, "account")),
        Priority.WHEN_FREE,
        database,
        budget,
        database,
        warehouse,
        rowLimit,
        366,
        Map.of(),
        "");
  }
}
