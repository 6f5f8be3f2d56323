package fathomexport.sink.parquet.file;

import fathomexport.report.ColumnType;
import fathomexport.report.TableSchema;
import fathomexport.report.rows.RowSource;
import fathomexport.report.rows.RowWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.column.Dictionary;
import org.apache.parquet.conf.ParquetConfiguration;
import org.apache.parquet.conf.PlainParquetConfiguration;
import org.apache.parquet.filter2.compat.FilterCompat;
import org.apache.parquet.hadoop.ParquetReader;
import org.apache.parquet.hadoop.api.InitContext;
import org.apache.parquet.hadoop.api.ReadSupport;
import org.apache.parquet.io.InputFile;
import org.apache.parquet.io.LocalInputFile;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.io.api.Converter;
import org.apache.parquet.io.api.GroupConverter;
import org.apache.parquet.io.api.PrimitiveConverter;
import org.apache.parquet.io.api.RecordMaterializer;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.Type;
import org.jspecify.annotations.Nullable;

/**
 * Streams a file's rows in their order, encoded by the given schema. Columns are matched by name:
 * those that the file lacks are null, those that the schema lacks are skipped. Page checksums are
 * verified.
 */
public final class RowFileReader implements RowSource {
  private final Path file;
  private final ParquetReader<RowWriter> reader;
  private @Nullable RowWriter row;

  /** Opens a file to read all of its rows. */
  public RowFileReader(Path file, TableSchema schema) throws IOException {
    this(file, schema, FilterCompat.NOOP);
  }

  public RowFileReader(Path file, TableSchema schema, FilterCompat.Filter filter)
      throws IOException {
    this.file = file;
    this.reader =
        new Builder(new LocalInputFile(file), FileSchema.of(schema))
            .withFilter(filter)
            .usePageChecksumVerification()
            .build();
  }

  @Override
  public boolean next() throws IOException {
    try {
      row = reader.read();
    } catch (IOException | RuntimeException e) {
      throw DamagedFileException.of(file, e);
    }
    return row != null;
  }

  @Override
  public byte[] buffer() {
    return current().buffer();
  }

  @Override
  public int length() {
    return current().length();
  }

  private RowWriter current() {
    if (row == null) {
      throw new IllegalStateException("not at a row");
    }
    return row;
  }

  @Override
  public void close() throws IOException {
    reader.close();
  }

  private static final class Builder extends ParquetReader.Builder<RowWriter> {
    private final TableSchema schema;

    Builder(InputFile file, TableSchema schema) {
      super(file, new PlainParquetConfiguration());
      this.schema = schema;
    }

    @Override
    protected ReadSupport<RowWriter> getReadSupport() {
      return new Support(schema);
    }
  }

  private static final class Support extends ReadSupport<RowWriter> {
    private final TableSchema schema;

    Support(TableSchema schema) {
      this.schema = schema;
    }

    @Override
    public ReadContext init(InitContext context) {
      MessageType stored = context.getFileSchema();
      List<Type> wanted =
          stored.getFields().stream().filter(f -> schema.indexOf(f.getName()) >= 0).toList();
      return new ReadContext(new MessageType(stored.getName(), wanted));
    }

    @Override
    @SuppressWarnings("deprecation") // abstract despite its deprecation
    public RecordMaterializer<RowWriter> prepareForRead(
        Configuration conf,
        Map<String, String> metadata,
        MessageType fileSchema,
        ReadContext context) {
      return new Materializer(schema, context.getRequestedSchema());
    }

    @Override
    public RecordMaterializer<RowWriter> prepareForRead(
        ParquetConfiguration conf,
        Map<String, String> metadata,
        MessageType fileSchema,
        ReadContext context) {
      return new Materializer(schema, context.getRequestedSchema());
    }
  }

  private static final class Materializer extends RecordMaterializer<RowWriter> {
    private final RowConverter root;

    Materializer(TableSchema schema, MessageType requested) {
      this.root = new RowConverter(schema, requested);
    }

    @Override
    public RowWriter getCurrentRecord() {
      return root.row;
    }

    @Override
    public GroupConverter getRootConverter() {
      return root;
    }
  }

  private static final class RowConverter extends GroupConverter {
    private final RowWriter row;
    private final Cell[] cells;
    private final List<Cell> converters = new ArrayList<>();

    RowConverter(TableSchema schema, MessageType requested) {
      this.row = new RowWriter(schema);
      this.cells = schema.columns().stream().map(c -> new Cell(c.type())).toArray(Cell[]::new);
      for (Type field : requested.getFields()) {
        converters.add(cells[schema.indexOf(field.getName())]);
      }
    }

    @Override
    public Converter getConverter(int field) {
      return converters.get(field);
    }

    @Override
    public void start() {
      for (Cell cell : cells) {
        cell.present = false;
      }
    }

    @Override
    public void end() {
      row.reset();
      for (Cell cell : cells) {
        cell.writeTo(row);
      }
    }
  }

  private static final class Cell extends PrimitiveConverter {
    private final ColumnType type;
    private boolean present;
    private long integer;
    private double real;
    private byte[] text = new byte[0];
    private byte[][] dictionary = new byte[0][];

    Cell(ColumnType type) {
      this.type = type;
    }

    void writeTo(RowWriter row) {
      if (!present) {
        row.putNull();
        return;
      }
      switch (type) {
        case TEXT -> row.text(text);
        case DATE, TIMESTAMP, INSTANT, BIGINT -> row.integer(integer);
        case DOUBLE -> row.real(real);
      }
    }

    @Override
    public boolean hasDictionarySupport() {
      return type == ColumnType.TEXT;
    }

    @Override
    public void setDictionary(Dictionary values) {
      dictionary = new byte[values.getMaxId() + 1][];
      for (int id = 0; id <= values.getMaxId(); id++) {
        dictionary[id] = values.decodeToBinary(id).getBytes();
      }
    }

    @Override
    public void addValueFromDictionary(int id) {
      text = dictionary[id];
      present = true;
    }

    @Override
    public void addBinary(Binary value) {
      text = value.getBytesUnsafe();
      present = true;
    }

    @Override
    public void addInt(int value) {
      integer = value;
      present = true;
    }

    @Override
    public void addLong(long value) {
      integer = value;
      present = true;
    }

    @Override
    public void addDouble(double value) {
      real = value;
      present = true;
    }
  }
}
