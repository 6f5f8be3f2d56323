package fathomexport.sink.parquet.file;

import static org.apache.parquet.schema.LogicalTypeAnnotation.TimeUnit.MICROS;
import static org.apache.parquet.schema.LogicalTypeAnnotation.dateType;
import static org.apache.parquet.schema.LogicalTypeAnnotation.stringType;
import static org.apache.parquet.schema.LogicalTypeAnnotation.timestampType;
import static org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName.BINARY;
import static org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName.DOUBLE;
import static org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName.INT32;
import static org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName.INT64;

import fathomexport.report.Column;
import fathomexport.report.TableSchema;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.Type;
import org.apache.parquet.schema.Type.Repetition;
import org.apache.parquet.schema.Types;

/** The schema of a report's columns in a file. */
public final class FileSchema {
  private FileSchema() {}

  /**
   * Returns the report's columns with every measure nullable. A measure that is added to a report
   * later is null in older rows, and all files of a report should have the same schema.
   */
  public static TableSchema of(TableSchema report) {
    return new TableSchema(
        report.name(),
        report.dateGrouping(),
        report.columns().stream()
            .map(c -> new Column(c.name(), c.type(), c.nullable() || !c.isKey(), c.role()))
            .toList());
  }

  /** Returns the report's columns, followed by the measures that only the file still has. */
  public static TableSchema union(TableSchema report, TableSchema file) {
    List<Column> columns = new ArrayList<>(report.columns());
    for (Column c : file.columns()) {
      if (report.indexOf(c.name()) < 0) {
        columns.add(c);
      }
    }
    return new TableSchema(report.name(), report.dateGrouping(), columns);
  }

  /**
   * Returns whether rows of both schemas fit into one dataset: the same date grouping and the same
   * keys in the same order.
   */
  public static boolean sameGrain(TableSchema a, TableSchema b) {
    return a.dateGrouping() == b.dateGrouping() && grain(a).equals(grain(b));
  }

  public static String grain(TableSchema schema) {
    return "date grouping "
        + schema.dateGrouping().apiName()
        + ", keys "
        + schema.keyColumns().stream().map(Column::name).collect(Collectors.joining(", "));
  }

  static MessageType message(TableSchema schema) {
    List<Type> fields = new ArrayList<>();
    for (Column c : schema.columns()) {
      Repetition repetition = c.nullable() ? Repetition.OPTIONAL : Repetition.REQUIRED;
      fields.add(
          switch (c.type()) {
            case TEXT -> Types.primitive(BINARY, repetition).as(stringType()).named(c.name());
            case DATE -> Types.primitive(INT32, repetition).as(dateType()).named(c.name());
            case TIMESTAMP ->
                Types.primitive(INT64, repetition).as(timestampType(false, MICROS)).named(c.name());
            case INSTANT ->
                Types.primitive(INT64, repetition).as(timestampType(true, MICROS)).named(c.name());
            case BIGINT -> Types.primitive(INT64, repetition).named(c.name());
            case DOUBLE -> Types.primitive(DOUBLE, repetition).named(c.name());
          });
    }
    return new MessageType(schema.name(), fields);
  }
}
