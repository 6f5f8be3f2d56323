package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The way of one window through the calls, as docs/house.md shows it, is that of the code. */
class DocumentedCallsTest {
  /** A call, or the creation of an object; what stands in brackets before it calls it. */
  private static final Pattern CALL =
      Pattern.compile("(\\[[^]]+] )?(?:new )?([A-Z]\\w+)(?:\\.(\\w+))?");

  private static final Pattern ARROW = Pattern.compile(" -> |, or |, ");

  private static String documented() throws IOException {
    String page = Files.readString(Path.of("docs/house.md"));
    int begin = page.indexOf("```\n", page.indexOf("\n## One window, from the plan"));
    return page.substring(begin + 4, page.indexOf("\n```", begin));
  }

  private static Map<String, String> sources() throws IOException {
    Map<String, String> sources = new HashMap<>();
    try (Stream<Path> files = Files.walk(Path.of("src/main/java"))) {
      for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
        sources.put(file.getFileName().toString().replace(".java", ""), Files.readString(file));
      }
    }
    return sources;
  }

  @Test
  void everyCallIsOneOfTheCode() throws IOException {
    Map<String, String> sources = sources();
    List<String> wrong = new ArrayList<>();
    int calls = 0;
    // The last class of each line above that is indented less, by its indentation.
    NavigableMap<Integer, String> callers = new TreeMap<>();
    for (String line : documented().lines().toList()) {
      int indentation = line.length() - line.stripLeading().length();
      callers.tailMap(indentation, true).clear();
      String caller = callers.isEmpty() ? null : callers.lastEntry().getValue();
      // What a line says in words is apart from its calls.
      for (String part : ARROW.split(line.strip().replaceFirst(" {3,}.*", ""), -1)) {
        Matcher call = CALL.matcher(part);
        if (!call.lookingAt()) {
          continue;
        }
        calls++;
        String problem =
            problem(sources, call.group(1) == null ? caller : null, call.group(2), call.group(3));
        if (problem != null) {
          wrong.add(line.strip() + ": " + problem);
        }
        caller = call.group(2);
        callers.put(indentation, caller);
      }
    }
    assertThat(wrong).isEmpty();
    assertThat(calls).isGreaterThan(50);
  }

  private static @Nullable String problem(
      Map<String, String> sources, @Nullable String caller, String type, @Nullable String method) {
    String source = sources.get(type);
    if (source == null) {
      return "there is no class " + type;
    }
    if (method != null && !Pattern.compile("\\b" + method + "\\(").matcher(source).find()) {
      return type + " has no method " + method;
    }
    String calling = caller == null ? null : sources.get(caller);
    String called = method == null ? "new " + type + "(" : method + "(";
    return calling == null || calling.contains(called) ? null : caller + " does not call " + called;
  }
}
