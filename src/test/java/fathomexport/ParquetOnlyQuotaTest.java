package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.api.pacing.StopSignal;
import fathomexport.api.pacing.TimeSource;
import fathomexport.config.Settings;
import fathomexport.export.Exporter;
import fathomexport.report.Currencies;
import fathomexport.report.DayRange;
import fathomexport.report.SecretRef;
import fathomexport.run.Account;
import fathomexport.run.ExportJob;
import fathomexport.run.ExportSettings;
import fathomexport.run.RunEnvironment;
import fathomexport.run.RunListener;
import fathomexport.run.RunResult;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.RequestLog;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.Fault;
import fathomexport.simulator.behaviour.FaultRule;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.World;
import fathomexport.testing.Fixture;
import fathomexport.testing.Installation;
import fathomexport.testing.LogCapture;
import fathomexport.testing.PostgresProxy;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import fathomexport.testing.TestReports;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.Condition;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Pipelines that write files only, where the settings name a database all the same. */
@Timeout(300)
class ParquetOnlyQuotaTest {
  private static final LocalDate FIRST = LocalDate.of(2025, 9, 1);
  private static final LocalDate LAST = LocalDate.of(2025, 9, 30);
  private static final Instant NOW = Instant.parse("2025-10-02T14:00:00Z");
  private static final String SITES = "[LDNBOOKS, UTCSTATS, KTMTRAIL]";

  @TempDir Path directory;

  @RegisterExtension final Fixture fixture = new Fixture();
  private FathomSimulator api;
  private TestDatabase database;
  private Installation installation;

  @BeforeEach
  void start() throws IOException {
    api = fixture.api(World.dozen(41, FIRST, LAST, 0), Behaviour.unlimited());
    database = fixture.database();
    installation =
        new Installation(directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
            .pipeline(
                "one", SITES, "[parquet]", List.of(Question.pageviews("traffic_daily", "day")))
            .pipeline(
                "two",
                SITES,
                "[parquet]",
                List.of(Question.pageviews("pages_daily", "day", "hostname", "pathname")));
  }

  private Installation.Ended backfill(String pipeline) {
    return installation.run(
        "backfill", pipeline, "--from", FIRST.toString(), "--to", LAST.toString());
  }

  /** How long each response of the account takes at least. */
  private static final Duration TAKES = Duration.ofMillis(200);

  /** The account has one request in flight, whichever run sends it. */
  @Test
  void twoRunsSideBySideShareTheQuota() {
    api.behave(
        Behaviour.unlimited()
            .withFault(FaultRule.when(r -> r.aggregation() > 0, new Fault.Delay(TAKES))));

    CompletableFuture<Installation.Ended> one =
        CompletableFuture.supplyAsync(() -> backfill("one"));
    Installation.Ended two = backfill("two");

    assertThat(one.join().code()).as(one.join().said()).isZero();
    assertThat(two.code()).as(two.said()).isZero();
    // Lists of sites are asked outside of the quota.
    List<RequestLog.Entry> asked = api.log().aggregations();
    assertThat(asked).hasSize(9).allMatch(e -> e.status() == 200);
    for (int i = 1; i < asked.size(); i++) {
      assertThat(asked.get(i).arrivedNanos() - asked.get(i - 1).arrivedNanos())
          .as("request %s is sent after the response to the one before", i)
          .isGreaterThanOrEqualTo(TAKES.toNanos());
    }
    assertThat(
            database.query(
                "SELECT sum(requests)::int, sum(limited)::int" + " FROM fathom_ops.request_count"))
        .containsExactly(List.of(api.log().aggregations().size(), 0));
    assertThat(database.query("SELECT to_regclass('fathom.traffic_daily') IS NULL"))
        .as("no table of a report")
        .containsExactly(List.of(true));
  }

  /** Files need no database: its absence costs no run, but is said. */
  @Test
  void withoutTheDatabaseARunHasItsOwnPermits() throws IOException {
    int port;
    try (ServerSocket closed = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = closed.getLocalPort();
    }
    installation.databaseAt("jdbc:postgresql://127.0.0.1:" + port + "/analytics").settings(1_000);
    try (LogCapture log = LogCapture.ofAll()) {
      Installation.Ended ended = backfill("one");

      assertThat(ended.code()).as(ended.said()).isZero();
      assertThat(log.text())
          .contains("cannot share the quota with other runs", "127.0.0.1:" + port);
    }
    installation.withoutVariable(TestDatabase.PASSWORD_VARIABLE);
    try (LogCapture log = LogCapture.ofAll()) {
      assertThat(backfill("two").code()).isZero();

      assertThat(log.text())
          .contains("cannot share the quota with other runs", TestDatabase.PASSWORD_VARIABLE);
    }
  }

  /** Time that passes only where somebody waits. */
  private static final class JumpingTime implements TimeSource {
    private long nanos;

    @Override
    public synchronized Instant instant() {
      return NOW.plusNanos(nanos);
    }

    @Override
    public synchronized long nanos() {
      return nanos;
    }

    @Override
    public synchronized void await(Condition condition, long wait) {
      nanos += wait;
    }
  }

  /** It is waited for, as it may only be restarting; then the run goes on by itself. */
  @Test
  @SuppressWarnings("try") // closed early: that is the fault
  void aDatabaseThatGoesDuringARunEndsTheSharingOnly() {
    try (LogCapture log = LogCapture.ofAll();
        PostgresProxy proxy = new PostgresProxy(database.host(), database.port())) {
      api.behave(
          Behaviour.unlimited()
              .withFault(
                  FaultRule.when(
                      r -> {
                        if (r.aggregation() == 2) {
                          proxy.close();
                        }
                        return false;
                      },
                      Fault.empty())));
      JumpingTime time = new JumpingTime();
      SecretRef token = new SecretRef.Env(Installation.TOKEN_VARIABLE);
      Settings.Api connection =
          Settings.Api.withDefaults(api.baseUri(), token)
              .ofAccount(Settings.Api.DEFAULT_ACCOUNT, token, 1000, 1);
      RunResult result =
          new Exporter(
                  new ExportSettings(
                      connection,
                      List.of(Account.only(connection)),
                      new Settings.Postgres(
                          "jdbc:postgresql://127.0.0.1:"
                              + proxy.port()
                              + "/"
                              + database.name()
                              + "?sslmode=disable",
                          database.user(),
                          new SecretRef.Env(TestDatabase.PASSWORD_VARIABLE)),
                      installation.warehouse(),
                      null,
                      Currencies.NONE),
                  new RunEnvironment(
                      installation.variables(), time, new StopSignal(), RunListener.NONE))
              .backfill(
                  new ExportJob(
                      "one",
                      List.of(TestReports.traffic(), TestReports.pages()),
                      Optional.empty(),
                      3,
                      false,
                      true),
                  new DayRange(FIRST, LAST),
                  false,
                  true,
                  List.of());

      assertThat(result.exitCode()).as(result.toString()).isZero();
      assertThat(log.text())
          .contains("waiting for the database", "cannot share the quota with other runs");
      assertThat(time.nanos()).isBetween(60_000_000_000L, 70_000_000_000L);
      assertThat(database.query("SELECT sum(requests)::int FROM fathom_ops.request_count"))
          .as("counted while it was there")
          .containsExactly(List.of(2));
    }
  }
}
