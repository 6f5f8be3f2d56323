package fathomexport.sink;

import fathomexport.report.Column;
import fathomexport.report.ColumnType;
import fathomexport.report.DateGrouping;
import fathomexport.report.TableSchema;
import fathomexport.report.VisitorSample;
import fathomexport.report.rows.RowWriter;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The tables of samples, in the order in which their files are put in place: the table that
 * announces the sample comes last.
 */
public enum SampleTable {
  PAGES("current_pages", "hostname", "pathname"),
  REFERRERS("current_referrers", "referrer_hostname", "referrer_pathname"),
  VISITORS("current_visitors");

  @SuppressWarnings("ImmutableEnumChecker") // A record of unmodifiable lists.
  private final TableSchema schema;

  SampleTable(String name, String... fields) {
    List<Column> columns = new ArrayList<>();
    columns.add(new Column("site_id", ColumnType.TEXT, false, Column.Role.SITE));
    columns.add(new Column("sampled_at", ColumnType.INSTANT, false, Column.Role.TIME));
    for (String field : fields) {
      columns.add(new Column(field, ColumnType.TEXT, true, Column.Role.FIELD));
    }
    columns.add(new Column("total", ColumnType.BIGINT, false, Column.Role.MEASURE));
    this.schema = new TableSchema(name, DateGrouping.NONE, columns);
  }

  public String tableName() {
    return schema.name();
  }

  /** Returns the columns {@code site_id, sampled_at}, the fields, {@code total}. */
  public TableSchema schema() {
    return schema;
  }

  /** Returns a sample's encoded rows in this table, ordered by their bytes. */
  public List<byte[]> rows(VisitorSample sample) {
    RowWriter row = new RowWriter(schema);
    List<byte[]> rows = new ArrayList<>();
    BiConsumer<List<@Nullable String>, Long> add =
        (fields, total) -> {
          row.reset();
          row.text(sample.site().value());
          row.integer(micros(sample.sampledAt()));
          fields.forEach(row::text);
          row.integer(total);
          rows.add(row.toBytes());
        };
    switch (this) {
      case VISITORS -> add.accept(List.of(), sample.total());
      case PAGES ->
          sample
              .pages()
              .forEach(p -> add.accept(Arrays.asList(p.hostname(), p.pathname()), p.total()));
      case REFERRERS ->
          sample
              .referrers()
              .forEach(
                  r ->
                      add.accept(
                          Arrays.asList(r.referrerHostname(), r.referrerPathname()), r.total()));
    }
    rows.sort(Arrays::compareUnsigned);
    return rows;
  }

  /** Returns the time in microseconds since 1970-01-01T00:00Z. */
  public static long micros(Instant instant) {
    return ChronoUnit.MICROS.between(Instant.EPOCH, instant);
  }
}
