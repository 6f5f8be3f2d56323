package fathomexport.typing;

/** The kind of value that a row of an API response has at a key. */
public enum CellKind {
  /** No value: the key is absent. */
  MISSING('-'),
  NULL('0'),
  STRING('s'),
  /** A string that cannot be stored as sent; the cell contains its escaped form. */
  ESCAPED('e'),
  /** A number literal. */
  NUMBER('n'),
  /** A boolean, an object or an array. */
  OTHER('o');

  private final byte code;

  CellKind(char code) {
    this.code = (byte) code;
  }

  byte code() {
    return code;
  }

  static CellKind of(byte code) {
    return switch (code) {
      case '-' -> MISSING;
      case '0' -> NULL;
      case 's' -> STRING;
      case 'e' -> ESCAPED;
      case 'n' -> NUMBER;
      case 'o' -> OTHER;
      default -> throw new IllegalArgumentException("no kind of cell: " + code);
    };
  }
}
