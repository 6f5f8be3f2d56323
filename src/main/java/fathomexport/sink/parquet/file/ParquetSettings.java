package fathomexport.sink.parquet.file;

import java.nio.file.Path;

/**
 * Where the files go.
 *
 * @param root the folder that holds a folder a report; made when it is missing
 */
public record ParquetSettings(Path root) {
  public ParquetSettings {
    root = root.toAbsolutePath().normalize();
  }
}
