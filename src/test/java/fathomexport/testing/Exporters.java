package fathomexport.testing;

import fathomexport.api.pacing.StopSignal;
import fathomexport.api.pacing.TimeSource;
import fathomexport.config.Settings;
import fathomexport.export.Exporter;
import fathomexport.report.Currencies;
import fathomexport.report.SecretRef;
import fathomexport.run.Account;
import fathomexport.run.ExportSettings;
import fathomexport.run.RunEnvironment;
import fathomexport.run.RunListener;
import fathomexport.simulator.behaviour.SimulatorToken;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Exporters for tests that need a clock, a stop or a listener that no command takes. */
public final class Exporters {
  private Exporters() {}

  /** An exporter with the shipped settings that writes files only, without a database. */
  public static Exporter toFiles(
      URI api, Path warehouse, TimeSource time, StopSignal stop, RunListener listener) {
    Settings.Api shipped =
        Settings.Api.withDefaults(api, new SecretRef.Env(Installation.TOKEN_VARIABLE));
    return new Exporter(
        new ExportSettings(
            shipped, List.of(Account.only(shipped)), null, warehouse, null, Currencies.NONE),
        new RunEnvironment(
            Map.of(Installation.TOKEN_VARIABLE, SimulatorToken.STANDARD.secret()),
            time,
            stop,
            listener));
  }
}
