package fathomexport.testing;

import fathomexport.Main;
import fathomexport.api.pacing.TimeSource;
import fathomexport.cli.process.Environment;
import fathomexport.cli.process.Shutdown;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.ApiRequest;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.Fault;
import fathomexport.simulator.behaviour.FaultRule;
import fathomexport.simulator.behaviour.SimulatorToken;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * fathom-export as somebody has it installed: a directory with {@code conf/} and {@code
 * pipelines/}, a database, a warehouse, an API. Commands run in this process, as {@code main} runs
 * them, at an instant that the test sets; what they wait for the API takes no time.
 */
public final class Installation {
  /** The variable that the token is taken from. */
  public static final String TOKEN_VARIABLE = "FATHOM_API_TOKEN";

  private final Path directory;
  private final TestDatabase database;
  private final URI api;
  private final Map<String, String> variables = new HashMap<>();
  private String databaseUrl;
  private Instant now;
  private boolean hurried = true;
  private @Nullable TimeSource time;

  /** How a command ended. */
  public record Ended(int code, String out, String err) {
    /** All that the command said, for a failure's message. */
    public String said() {
      return "exit " + code + "\n" + out + "\n" + err;
    }
  }

  /**
   * @param token what the environment holds for the API
   * @param now decides which days are over
   */
  public Installation(Path directory, TestDatabase database, URI api, String token, Instant now) {
    this.directory = directory;
    this.database = database;
    this.api = api;
    this.databaseUrl = database.url();
    this.now = now;
    variables.put(TOKEN_VARIABLE, token);
    variables.putAll(database.environment());
    settings(1_000);
  }

  /**
   * An installation that reads all sites of a simulated API.
   *
   * @param now decides which days are over
   */
  public Installation(Path directory, TestDatabase database, FathomSimulator api, Instant now) {
    this(directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), now);
  }

  /** Has the settings that are written from now on name the database so. */
  public Installation databaseAt(String url) {
    databaseUrl = url;
    return this;
  }

  /** Writes the settings, with the most requests a minute and this row limit. */
  public Installation settings(int rowLimit) {
    return settings(rowLimit, 1000, "");
  }

  /**
   * Writes the settings.
   *
   * @param moreOfApi lines for the section on the API, each indented by two
   */
  public Installation settings(int rowLimit, int requestsPerMinute, String moreOfApi) {
    return settings(
        """
        api:
          base_url: %s
          token: {env: %s}
          requests_per_minute: %d
          row_limit: %d
          patience: 1s
        %spostgres:
          url: %s
          user: %s
          password: {env: %s}
        parquet:
          root: warehouse
        """
            .formatted(
                api,
                TOKEN_VARIABLE,
                requestsPerMinute,
                rowLimit,
                moreOfApi,
                databaseUrl,
                database.user(),
                TestDatabase.PASSWORD_VARIABLE));
  }

  /** Writes the settings as they are given. */
  public Installation settings(String yaml) {
    return write("conf/fathom-export.yaml", yaml);
  }

  /** Writes a pipeline over all sites into both sinks. */
  public Installation pipeline(String name, List<Question> reports) {
    return pipeline(name, "all", "[postgres, parquet]", reports);
  }

  /** Writes a pipeline. */
  public Installation pipeline(String name, String sites, String sinks, List<Question> reports) {
    return write(
        "pipelines/" + name + ".yaml",
        "sites: "
            + sites
            + "\nlookback_days: 3\nsinks: "
            + sinks
            + "\nreports:\n"
            + reports.stream().map(Question::yaml).collect(Collectors.joining()));
  }

  /** Writes a file below the directory. */
  public Installation write(String file, String text) {
    try {
      Path path = directory.resolve(file);
      Files.createDirectories(path.getParent());
      Files.writeString(path, text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return this;
  }

  public Installation variable(String name, String value) {
    variables.put(name, value);
    return this;
  }

  public Installation withoutVariable(String name) {
    variables.remove(name);
    return this;
  }

  /** Environment variables that commands see. */
  public Map<String, String> variables() {
    return Map.copyOf(variables);
  }

  /** Sets the clock. */
  public Installation at(Instant instant) {
    now = instant;
    time = null;
    return this;
  }

  /** Sets the clock of this machine, which is compared with the API's. */
  public Installation onMachineAt(Instant instant) {
    return on(new HurriedTime(instant, true));
  }

  /** Sets the clock, with waits of its own. */
  public Installation on(TimeSource source) {
    time = source;
    return this;
  }

  /** Has commands wait in real time: for tests in which the database is away for a while. */
  public Installation inRealTime() {
    hurried = false;
    return this;
  }

  /** Takes {@link #inRealTime} back. */
  public Installation hurried() {
    hurried = true;
    return this;
  }

  public Path directory() {
    return directory;
  }

  public TestDatabase database() {
    return database;
  }

  /** Where the Parquet files lie. */
  public Path warehouse() {
    return directory.resolve("warehouse");
  }

  /** Runs a command to its end. */
  public Ended run(String... arguments) {
    return run(new Shutdown(), arguments);
  }

  /**
   * Runs a command that is asked to stop as soon as the API receives such a request, which it
   * answers as it would anyway.
   */
  public Ended runUntil(
      FathomSimulator simulator, Predicate<ApiRequest> request, String... arguments) {
    Shutdown shutdown = new Shutdown();
    Behaviour before = simulator.behaviour();
    simulator.behave(
        before.withFault(
            FaultRule.when(
                received -> {
                  if (request.test(received)) {
                    shutdown.request();
                  }
                  return false;
                },
                Fault.empty())));
    Ended ended = run(shutdown, arguments);
    simulator.behave(before);
    return ended;
  }

  /** Runs a command to its end, or until it is asked to stop. */
  public Ended run(Shutdown shutdown, String... arguments) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int code =
        Main.run(
            List.of(arguments),
            new Environment(
                variables,
                directory,
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                time != null ? time : hurried ? new HurriedTime(now) : InstantSource.fixed(now),
                false,
                shutdown));
    return new Ended(
        code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }
}
