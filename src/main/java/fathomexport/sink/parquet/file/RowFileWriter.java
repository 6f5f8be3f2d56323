package fathomexport.sink.parquet.file;

import fathomexport.report.Column;
import fathomexport.report.ColumnType;
import fathomexport.report.TableSchema;
import fathomexport.report.rows.RowReader;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Supplier;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.ParquetRuntimeException;
import org.apache.parquet.column.ParquetProperties.WriterVersion;
import org.apache.parquet.conf.ParquetConfiguration;
import org.apache.parquet.conf.PlainParquetConfiguration;
import org.apache.parquet.hadoop.ParquetFileWriter;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.api.WriteSupport;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.io.LocalOutputFile;
import org.apache.parquet.io.OutputFile;
import org.apache.parquet.io.PositionOutputStream;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.io.api.RecordConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Writes encoded rows into a new file. Equal rows and equal metadata result in equal bytes: the
 * time, the machine and the run affect the file only through the metadata.
 */
public final class RowFileWriter implements Closeable {
  private static final long ROW_GROUP_BYTES = 16L << 20;

  private final Path file;
  private final Output output;
  private final ParquetWriter<RowReader> writer;

  /**
   * @param metadata called once all rows are written
   */
  public RowFileWriter(Path file, TableSchema schema, Supplier<Map<String, String>> metadata)
      throws IOException {
    this.file = file;
    this.output = new Output(new LocalOutputFile(file));
    this.writer =
        new Builder(output, schema, metadata)
            .withConf(new PlainParquetConfiguration())
            .withWriteMode(ParquetFileWriter.Mode.CREATE)
            .withWriterVersion(WriterVersion.PARQUET_1_0)
            .withCompressionCodec(CompressionCodecName.ZSTD)
            .withDictionaryEncoding(true)
            .withRowGroupSize(ROW_GROUP_BYTES)
            .build();
  }

  public void write(RowReader row) throws IOException {
    try {
      writer.write(row);
    } catch (IOException | ParquetRuntimeException e) {
      throw failed(e);
    }
  }

  /** Completes the file. */
  @Override
  public void close() throws IOException {
    try {
      writer.close();
    } catch (IOException | ParquetRuntimeException e) {
      throw failed(e);
    } finally {
      output.close();
    }
  }

  private IOException failed(Exception cause) {
    return new IOException("cannot write " + file + ": " + cause.getMessage(), cause);
  }

  /** Keeps its stream for closing: a writer that failed leaves it open. */
  private static final class Output implements OutputFile {
    private final OutputFile file;
    private @Nullable PositionOutputStream stream;

    Output(OutputFile file) {
      this.file = file;
    }

    @Override
    public PositionOutputStream create(long blockSize) throws IOException {
      PositionOutputStream created = file.create(blockSize);
      stream = created;
      return created;
    }

    @Override
    public PositionOutputStream createOrOverwrite(long blockSize) throws IOException {
      PositionOutputStream created = file.createOrOverwrite(blockSize);
      stream = created;
      return created;
    }

    @Override
    public boolean supportsBlockSize() {
      return file.supportsBlockSize();
    }

    @Override
    public long defaultBlockSize() {
      return file.defaultBlockSize();
    }

    @Override
    public String getPath() {
      return file.getPath();
    }

    void close() throws IOException {
      if (stream != null) {
        stream.close();
      }
    }
  }

  private static final class Builder extends ParquetWriter.Builder<RowReader, Builder> {
    private final TableSchema schema;
    private final Supplier<Map<String, String>> metadata;

    Builder(OutputFile file, TableSchema schema, Supplier<Map<String, String>> metadata) {
      super(file);
      this.schema = schema;
      this.metadata = metadata;
    }

    @Override
    protected Builder self() {
      return this;
    }

    @Override
    @SuppressWarnings("deprecation") // abstract despite its deprecation
    protected WriteSupport<RowReader> getWriteSupport(Configuration conf) {
      return new Support(schema, metadata);
    }

    @Override
    protected WriteSupport<RowReader> getWriteSupport(ParquetConfiguration conf) {
      return new Support(schema, metadata);
    }
  }

  private static final class Support extends WriteSupport<RowReader> {
    private final TableSchema schema;
    private final String[] names;
    private final ColumnType[] types;
    private final Supplier<Map<String, String>> metadata;

    @SuppressWarnings("NullAway.Init") // prepareForWrite is called before the first row
    private RecordConsumer out;

    Support(TableSchema schema, Supplier<Map<String, String>> metadata) {
      this.schema = schema;
      this.names = schema.columns().stream().map(Column::name).toArray(String[]::new);
      this.types = schema.columns().stream().map(Column::type).toArray(ColumnType[]::new);
      this.metadata = metadata;
    }

    @Override
    @SuppressWarnings("deprecation") // abstract despite its deprecation
    public WriteContext init(Configuration conf) {
      return context();
    }

    @Override
    public WriteContext init(ParquetConfiguration conf) {
      return context();
    }

    private WriteContext context() {
      return new WriteContext(FileSchema.message(schema), Map.of());
    }

    @Override
    public void prepareForWrite(RecordConsumer consumer) {
      out = consumer;
    }

    @Override
    public void write(RowReader row) {
      out.startMessage();
      for (int i = 0; i < types.length; i++) {
        if (row.isNull(i)) {
          continue;
        }
        out.startField(names[i], i);
        switch (types[i]) {
          // The row's array is reused; Parquet copies what it keeps (dictionary, statistics).
          case TEXT ->
              out.addBinary(
                  Binary.fromReusedByteArray(row.bytes(), row.textStart(i), row.textLength(i)));
          case DATE -> out.addInteger(Math.toIntExact(row.integer(i)));
          case TIMESTAMP, INSTANT, BIGINT -> out.addLong(row.integer(i));
          case DOUBLE -> out.addDouble(row.real(i));
        }
        out.endField(names[i], i);
      }
      out.endMessage();
    }

    @Override
    public FinalizedWriteContext finalizeWrite() {
      return new FinalizedWriteContext(metadata.get());
    }
  }
}
