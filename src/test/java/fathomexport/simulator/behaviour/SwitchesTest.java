package fathomexport.simulator.behaviour;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A switch that is set stays set when another one is: each of them is copied. */
class SwitchesTest {
  static List<Field> switches() {
    return Arrays.stream(Switches.class.getDeclaredFields())
        .filter(field -> !Modifier.isStatic(field.getModifiers()) && !field.isSynthetic())
        .toList();
  }

  @ParameterizedTest
  @MethodSource("switches")
  void aSwitchIsKeptWhenAnotherIsSet(Field field) throws IllegalAccessException {
    Behaviour set = Behaviour.unlimited().withGzip(true);
    Object value = other(field.getType(), field.get(set));
    field.set(set, value);

    Behaviour copy =
        field.getName().equals("gzip") ? set.withChunked(true) : set.withGzip(set.gzip());

    assertThat(field.get(copy)).isSameAs(value);
  }

  /** Returns a value of a type that is not the one given. */
  private static Object other(Class<?> type, @Nullable Object value) {
    if (type == boolean.class) {
      return !(boolean) Objects.requireNonNull(value);
    } else if (type == int.class || type == Integer.class) {
      return value == null ? 7 : (int) value + 1;
    } else if (type.isEnum()) {
      return Arrays.stream(type.getEnumConstants())
          .filter(c -> c != value)
          .findFirst()
          .orElseThrow();
    } else if (type == Duration.class) {
      return Duration.ofSeconds(9);
    } else if (type == List.class) {
      return new ArrayList<>();
    } else if (type == Quota.class) {
      return new Quota(Quota.Model.FIXED_FROM_FIRST_HIT, 77, Duration.ofSeconds(77));
    } else if (type == Behaviour.RangeRule.class) {
      return new Behaviour.RangeRule(1, 400, "too long");
    } else if (type == Behaviour.Tampering.class) {
      return new Behaviour.Tampering(Behaviour.Damage.ROW_DROPPED, 1);
    } else if (type == Behaviour.Closure.class) {
      return new Behaviour.Closure(1, Duration.ofMinutes(1));
    }
    throw new IllegalArgumentException("no other value of " + type + " is known here");
  }
}
