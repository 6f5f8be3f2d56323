package fathomexport.lineage;

import fathomexport.config.Settings;
import fathomexport.report.ColumnType;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.TableSchema;
import fathomexport.run.ExportJob;
import fathomexport.run.ExportSettings;
import fathomexport.sink.SampleTable;
import fathomexport.sink.postgres.db.PostgresSettings;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The inputs and outputs of a run, named by OpenLineage's rules for datasets: namespace and name
 * together form a URI without credentials.
 *
 * @param api the namespace of the inputs
 * @param read the names of the inputs
 * @param written the outputs
 */
record Datasets(URI api, List<String> read, List<Written> written) {
  private static final String CURRENT_VISITORS = "current_visitors";

  /** The storage format of a table. */
  enum Form {
    POSTGRES,
    PARQUET
  }

  /** A table or a directory of files. */
  record Written(String namespace, String name, Form form, TableSchema schema) {
    /** Returns the name of a column type in the storage format. */
    String typeName(ColumnType type) {
      return switch (form) {
        case POSTGRES ->
            switch (type) {
              case TEXT -> "text";
              case DATE -> "date";
              case TIMESTAMP -> "timestamp";
              case INSTANT -> "timestamptz";
              case BIGINT -> "bigint";
              case DOUBLE -> "double precision";
            };
        case PARQUET ->
            switch (type) {
              case TEXT -> "STRING";
              case DATE -> "DATE";
              case TIMESTAMP -> "TIMESTAMP(MICROS,false)";
              case INSTANT -> "TIMESTAMP(MICROS,true)";
              case BIGINT -> "INT64";
              case DOUBLE -> "DOUBLE";
            };
      };
    }
  }

  Datasets {
    read = List.copyOf(read);
    written = List.copyOf(written);
  }

  /**
   * @param snapshot true if the run samples current visitors; false if it exports reports
   * @param sites the known sites; once the run is planned, these are all sites
   */
  static Datasets of(ExportSettings settings, ExportJob job, boolean snapshot, List<SiteId> sites) {
    URI base = settings.api().baseUrl();
    String path = base.getRawPath() == null ? "" : base.getRawPath().replaceFirst("^/+", "");
    String prefix = path.isEmpty() ? "sites/" : path + "/sites/";
    List<String> kinds =
        snapshot
            ? List.of(CURRENT_VISITORS)
            : job.reports().stream().map(r -> r.entity().apiName()).distinct().sorted().toList();
    List<String> read =
        sites.stream()
            .flatMap(site -> kinds.stream().map(kind -> prefix + site.value() + "/" + kind))
            .toList();
    List<TableSchema> tables =
        snapshot
            ? Arrays.stream(SampleTable.values()).map(SampleTable::schema).toList()
            : job.reports().stream().map(Report::schema).toList();
    return new Datasets(
        URI.create(base.getScheme() + "://" + base.getRawAuthority()),
        read,
        written(settings, job, tables));
  }

  private static List<Written> written(
      ExportSettings settings, ExportJob job, List<TableSchema> tables) {
    List<Written> written = new ArrayList<>();
    Settings.Postgres database = settings.postgres();
    if (job.toPostgres() && database != null) {
      PostgresSettings.Location at =
          new PostgresSettings(database.url(), database.user(), null).location();
      for (TableSchema table : tables) {
        written.add(
            new Written(
                "postgres://" + at.host() + ":" + at.port(),
                at.database() + "." + PostgresSettings.SCHEMA + "." + table.name(),
                Form.POSTGRES,
                table));
      }
    }
    Path root = settings.parquetRoot();
    if (job.toParquet() && root != null) {
      for (TableSchema table : tables) {
        written.add(
            new Written("file", root.resolve(table.name()).toString(), Form.PARQUET, table));
      }
    }
    return written;
  }

  /** Returns the output of this table in this format. */
  Optional<Written> find(String table, Form form) {
    return written.stream()
        .filter(w -> w.form() == form && w.schema().name().equals(table))
        .findFirst();
  }
}
