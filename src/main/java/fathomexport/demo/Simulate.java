package fathomexport.demo;

import fathomexport.cli.command.Context;
import fathomexport.cli.process.DayExpression;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.SimulatorOptions;
import fathomexport.simulator.behaviour.Quota;
import fathomexport.simulator.behaviour.SimulatorToken;
import java.io.IOException;
import java.net.BindException;
import java.time.LocalDate;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
    name = "simulate",
    description = {
      "Serve a simulated Fathom API on 127.0.0.1 until it is stopped.",
      "",
      "It has twelve sites in twelve time zones, with made-up visits."
    },
    footer = {"", "Example: fathom-export simulate --port 8080 --from 2026-01-01 --to 2026-03-31"})
final class Simulate implements Callable<Integer> {
  private static final int YEAR = 365;

  private final Context context;

  @Option(names = "--port", paramLabel = "PORT", description = "Port; by default any free one.")
  int port;

  @Option(
      names = "--seed",
      paramLabel = "NUMBER",
      description =
          "The seed of the made-up visits: equal seeds make equal visits. Default:"
              + " ${DEFAULT-VALUE}.")
  long seed = 1;

  @Option(
      names = "--from",
      paramLabel = "DAY",
      description = "First day with traffic; by default a year before the last.")
  @Nullable DayExpression from;

  @Option(
      names = "--to",
      paramLabel = "DAY",
      description = "Last day with traffic; by default today (UTC).")
  @Nullable DayExpression to;

  @Option(
      names = "--burst-pages",
      paramLabel = "ROWS",
      description =
          "Number of pages of one site on one day with very many; 0 for no such day. Default:"
              + " ${DEFAULT-VALUE}.")
  int burstPages = 12_000;

  @Option(
      names = "--token",
      paramLabel = "TOKEN",
      description = "The token that clients must send. Default: ${DEFAULT-VALUE}.")
  String token = SimulatorToken.STANDARD.secret();

  @Option(
      names = "--accounts",
      paramLabel = "NUMBER",
      description =
          "Deal the sites among so many accounts, 1 to 12, each with its token and its quota:"
              + " TOKEN-1, TOKEN-2 and so on. Default: ${DEFAULT-VALUE}.")
  int accounts = 1;

  @Option(
      names = "--quota-model",
      paramLabel = "MODEL",
      description =
          "How requests are counted: one of ${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
  Quota.Model quotaModel = Quota.Model.FIXED_FROM_FIRST_HIT;

  @Option(
      names = "--requests-per-minute",
      paramLabel = "NUMBER",
      description = "Requests that the quota allows per minute. Default: ${DEFAULT-VALUE}.")
  int requestsPerMinute = 10;

  @Spec @Nullable CommandSpec spec;

  Simulate(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    LocalDate today = context.today();
    LocalDate last = to == null ? today : to.last(today);
    LocalDate first = from == null ? last.minusDays(YEAR) : from.first(today);
    if (last.isBefore(first)) {
      throw new ParameterException(
          Objects.requireNonNull(spec).commandLine(),
          "--to " + last + " lies before --from " + first);
    }
    if (accounts < 1 || accounts > SimulatorOptions.MOST_ACCOUNTS) {
      throw new ParameterException(
          Objects.requireNonNull(spec).commandLine(),
          "--accounts must be from 1 to " + SimulatorOptions.MOST_ACCOUNTS);
    }
    CountDownLatch stopped = new CountDownLatch(1);
    context.environment().shutdown().onRequest(stopped::countDown);
    SimulatorOptions options =
        new SimulatorOptions(
            port,
            seed,
            first,
            last,
            burstPages,
            token,
            accounts,
            Quota.aMinute(quotaModel, requestsPerMinute));
    try (FathomSimulator simulator = options.start()) {
      context.printer().line("Serving " + first + " to " + last + " at " + simulator.baseUri());
      options.tokens().forEach(t -> context.printer().line("Token: " + t.secret()));
      context.environment().out().flush();
      stopped.await();
    } catch (BindException e) {
      throw new ParameterException(
          Objects.requireNonNull(spec).commandLine(),
          "port "
              + port
              + " is not available: "
              + e.getMessage()
              + "; leave --port out to use a free one",
          e);
    }
    return 0;
  }
}
