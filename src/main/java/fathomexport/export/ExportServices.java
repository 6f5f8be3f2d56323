package fathomexport.export;

import fathomexport.run.ExportSettings;
import fathomexport.run.RunEnvironment;
import java.time.InstantSource;

/**
 * What the commands on one configuration share.
 *
 * @param today decides which days are over; waits and quotas follow the environment's clock
 */
record ExportServices(
    ExportSettings settings,
    RunEnvironment environment,
    InstantSource today,
    JobSinks sinks,
    JobClients clients,
    RunPlanning planning,
    RunRecording recording,
    RunSpecs specs) {

  static ExportServices of(
      ExportSettings settings, RunEnvironment environment, InstantSource today) {
    JobSinks sinks = new JobSinks(settings, environment);
    return new ExportServices(
        settings,
        environment,
        today,
        sinks,
        new JobClients(settings, environment, sinks),
        new RunPlanning(settings, today),
        new RunRecording(settings, environment, sinks),
        new RunSpecs(settings, sinks));
  }
}
