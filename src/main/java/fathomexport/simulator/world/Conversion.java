package fathomexport.simulator.world;

import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One raw completion of an event.
 *
 * @param visit identifies the visit of the completion
 * @param event the event's name
 * @param unique whether it counts towards the unique conversions
 * @param cents its value in cents; null if it was sent without one
 */
public record Conversion(
    long visit,
    Instant at,
    String event,
    FieldValues fields,
    boolean unique,
    @Nullable Long cents) {

  public Conversion {
    Objects.requireNonNull(at, "at");
    Objects.requireNonNull(event, "event");
    Objects.requireNonNull(fields, "fields");
  }

  /** Creates a unique completion without fields or a value. */
  public static Conversion of(String event, Instant at) {
    return new Conversion(0, at, event, FieldValues.NONE, true, null);
  }

  public Conversion visit(long id) {
    return new Conversion(id, at, event, fields, unique, cents);
  }

  public Conversion with(Dimension field, @Nullable String value) {
    return new Conversion(visit, at, event, fields.with(field, value), unique, cents);
  }

  public Conversion repeated() {
    return new Conversion(visit, at, event, fields, false, cents);
  }

  public Conversion worth(@Nullable Long newCents) {
    return new Conversion(visit, at, event, fields, unique, newCents);
  }
}
