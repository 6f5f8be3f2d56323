package fathomexport.simulator;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** One value a field, null where there is none. Null and the empty string are kept apart. */
public final class FieldValues {
  /** No field has a value. */
  public static final FieldValues NONE = new FieldValues(new String[Dimension.values().length]);

  private final @Nullable String[] values;

  /** Takes the array over: the caller must not touch it again. */
  FieldValues(@Nullable String[] values) {
    this.values = values;
  }

  /** The raw value of a field. */
  public @Nullable String get(Dimension field) {
    return values[field.column()];
  }

  /** The same values but for one field. */
  public FieldValues with(Dimension field, @Nullable String value) {
    @Nullable String[] copy = values.clone();
    copy[field.column()] = value;
    return new FieldValues(copy);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof FieldValues o && Arrays.equals(values, o.values);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(values);
  }

  @Override
  public String toString() {
    return Arrays.toString(values);
  }
}
