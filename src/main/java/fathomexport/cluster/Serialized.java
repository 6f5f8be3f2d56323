package fathomexport.cluster;

import fathomexport.ledger.LedgerException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputFilter;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.HexFormat;

/** Objects of the program as the board stores them, in hexadecimal digits. */
final class Serialized {
  private static final ObjectInputFilter OWN_CLASSES =
      ObjectInputFilter.Config.createFilter("fathomexport.**;java.base/*;!*");

  private Serialized() {}

  static String write(Serializable value) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(value);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return HexFormat.of().formatHex(bytes.toByteArray());
  }

  static <T> T read(String hex, Class<T> type) {
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(HexFormat.of().parseHex(hex)))) {
      in.setObjectInputFilter(OWN_CLASSES);
      return type.cast(in.readObject());
    } catch (IOException | ClassNotFoundException e) {
      throw new LedgerException("what a worker has reported cannot be read: " + e, e);
    }
  }
}
