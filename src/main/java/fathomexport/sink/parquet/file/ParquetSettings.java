package fathomexport.sink.parquet.file;

import java.nio.file.Path;

/**
 * The location of the Parquet files.
 *
 * @param root the folder that contains one folder per report; created if it is missing
 */
public record ParquetSettings(Path root) {
  public ParquetSettings {
    root = root.toAbsolutePath().normalize();
  }
}
