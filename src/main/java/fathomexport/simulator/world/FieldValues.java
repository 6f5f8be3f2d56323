package fathomexport.simulator.world;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** One value per field, null if there is none. Null and the empty string are distinct. */
public final class FieldValues {
  /** Values in which no field has a value. */
  public static final FieldValues NONE = new FieldValues(new String[Dimension.values().length]);

  private final @Nullable String[] values;

  /** Takes ownership of the array: the caller must not use it afterwards. */
  FieldValues(@Nullable String[] values) {
    this.values = values;
  }

  /** Returns the raw value of a field. */
  public @Nullable String get(Dimension field) {
    return values[field.column()];
  }

  /** Returns a copy with one field changed. */
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
