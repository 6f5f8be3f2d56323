package fathomexport.typing;

/** What stood at a key of an answer's row. */
public enum CellKind {
  /** Nothing: the key was not there. */
  MISSING('-'),
  NULL('0'),
  STRING('s'),
  /** A string that could not be stored as it was sent: its escape. */
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
