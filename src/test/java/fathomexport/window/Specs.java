package fathomexport.window;

import fathomexport.api.ApiSettings;
import fathomexport.api.pacing.RetryPolicy;
import fathomexport.report.SecretRef;
import fathomexport.run.AccountAccess;
import fathomexport.run.Budget;
import fathomexport.run.ExportSpec;
import fathomexport.run.Priority;
import fathomexport.sink.postgres.db.PostgresSettings;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Specifications of runs without a launcher. */
final class Specs {
  private Specs() {}

  /** How to reach an API that answers more requests a minute than a test sends. */
  static ApiSettings api(URI baseUrl, String tokenVariable) {
    return new ApiSettings(
        baseUrl,
        new SecretRef.Env(tokenVariable),
        100_000,
        1,
        Duration.ofSeconds(30),
        ApiSettings.DEFAULT_MAX_BODY_BYTES,
        RetryPolicy.DEFAULT);
  }

  /** A backfill that writes files only. */
  static ExportSpec toFiles(ApiSettings api, int windows, Path warehouse) {
    return spec(api, windows, null, warehouse.toString(), Budget.UNLIMITED, 1_000);
  }

  /** A backfill that writes to a database only, which also has the quota. */
  static ExportSpec toDatabase(
      ApiSettings api, int windows, PostgresSettings database, Budget budget) {
    return toDatabase(api, windows, database, budget, 1_000);
  }

  static ExportSpec toDatabase(
      ApiSettings api, int windows, PostgresSettings database, Budget budget, int rowLimit) {
    return spec(api, windows, database, null, budget, rowLimit);
  }

  /** A backfill that writes to a database and to files. */
  static ExportSpec toBoth(
      ApiSettings api, int windows, PostgresSettings database, Path warehouse, int rowLimit) {
    return spec(api, windows, database, warehouse.toString(), Budget.UNLIMITED, rowLimit);
  }

  private static ExportSpec spec(
      ApiSettings api,
      int windows,
      @Nullable PostgresSettings database,
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
