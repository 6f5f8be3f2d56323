package fathomexport.lineage;

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
 * What a run reads and writes, named as OpenLineage's naming of datasets wants it: namespace and
 * name together are a URI, without credentials.
 *
 * @param api the namespace of what is read
 */
record Datasets(URI api, List<String> read, List<Written> written) {
  private static final String CURRENT_VISITORS = "current_visitors";

  /** How a table is kept. */
  enum Form {
    POSTGRES,
    PARQUET
  }

  /** A table or a directory of files. */
  record Written(String namespace, String name, Form form, TableSchema schema) {
    /** A column's type in the words of where it is kept. */
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
   * @param snapshot whether current visitors are sampled, rather than reports exported
   * @param sites those that are known; all sites are known when the run is planned
   */
  static Datasets of(ExportSettings settings, ExportJob job, boolean snapshot, List<SiteId> sites) {
    URI base = settings.baseUrl();
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
    ExportSettings.Postgres database = settings.postgres();
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

  /** The output of this table where it is kept in this form. */
  Optional<Written> find(String table, Form form) {
    return written.stream()
        .filter(w -> w.form() == form && w.schema().name().equals(table))
        .findFirst();
  }
}
