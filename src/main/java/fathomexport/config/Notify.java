package fathomexport.config;

import fathomexport.report.SecretRef;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A {@code notify} section as it is written: a key that is left out is null or empty, so that the
 * settings' value shows through the pipeline's. The methods apply the defaults.
 *
 * @param command a program and its arguments; empty for none
 * @param webhook receives the summary of a run; null for none
 * @param exitCodes the exit codes that are reported; empty for the default
 * @param after the commands whose ends are reported; empty for the default
 * @param recovery whether a recovery is reported; null for the default
 * @param ping the dead man's switch; null for none
 * @param timeout the deadline of one attempt; null for the default
 */
public record Notify(
    List<String> command,
    @Nullable Webhook webhook,
    List<Integer> exitCodes,
    List<String> after,
    @Nullable Boolean recovery,
    @Nullable Ping ping,
    @Nullable Duration timeout) {

  public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(30);
  public static final Duration LEAST_TIMEOUT = Duration.ofMillis(100);
  public static final Duration MOST_TIMEOUT = Duration.ofMinutes(5);

  /** The name of the section. */
  public static final String SECTION = "notify";

  /** A section that is not there. */
  public static final Notify NOTHING =
      new Notify(List.of(), null, List.of(), List.of(), null, null, null);

  private static final int INTERRUPTED = 130;
  private static final int STOPPED = 143;

  public Notify {
    command = List.copyOf(command);
    exitCodes = List.copyOf(exitCodes);
    after = List.copyOf(after);
  }

  /**
   * A place to send a request to: the address itself, or the place where it is kept as a secret.
   * Exactly one of them is null.
   */
  public record Address(@Nullable URI url, @Nullable SecretRef secret) {

    /** Returns why a URL cannot be used. Omits the URL, because it may be a secret. */
    public static Optional<String> refusal(URI url) {
      if (url.getHost() == null) {
        return Optional.of("names no host");
      }
      if (url.getRawUserInfo() != null) {
        return Optional.of("contains a user name or a password");
      }
      if (url.getRawFragment() != null) {
        return Optional.of("contains a fragment");
      }
      boolean loopback =
          Settings.LOOPBACK.matcher(url.getHost().toLowerCase(Locale.ROOT)).matches();
      boolean secure = "https".equalsIgnoreCase(url.getScheme());
      return secure || (loopback && "http".equalsIgnoreCase(url.getScheme()))
          ? Optional.empty()
          : Optional.of("must be https (http only to this machine)");
    }
  }

  /**
   * An address that receives the summary.
   *
   * @param header the name of the header that carries the secret
   * @param secret null if none is sent
   */
  public record Webhook(Address url, String header, @Nullable SecretRef secret) {}

  /**
   * A dead man's switch.
   *
   * @param url requested after exit code 0
   * @param failUrl requested after an exit code that is reported; null for none
   * @param after the one command after which it is requested
   */
  public record Ping(Address url, @Nullable Address failUrl, String after) {}

  /** Returns this section, with the keys of another one where this one has none. */
  public Notify over(Notify base) {
    return new Notify(
        command.isEmpty() ? base.command : command,
        webhook == null ? base.webhook : webhook,
        exitCodes.isEmpty() ? base.exitCodes : exitCodes,
        after.isEmpty() ? base.after : after,
        recovery == null ? base.recovery : recovery,
        ping == null ? base.ping : ping,
        timeout == null ? base.timeout : timeout);
  }

  /** Returns whether there is anything to start, call or ping. */
  public boolean hasTarget() {
    return hasReceiver() || ping != null;
  }

  /** Returns whether a command or a webhook receives the summary. */
  public boolean hasReceiver() {
    return !command.isEmpty() || webhook != null;
  }

  /** Returns whether the end of this command is reported. */
  public boolean reports(String exportCommand) {
    return after.isEmpty()
        ? exportCommand.equals(NotifyKeys.COMMANDS.get(0))
        : after.contains(exportCommand);
  }

  /** Returns whether an end with this exit code is reported. */
  public boolean reports(int exitCode) {
    return exitCodes.isEmpty()
        ? exitCode != 0 && exitCode != STOPPED && exitCode != INTERRUPTED
        : exitCodes.contains(exitCode == INTERRUPTED ? STOPPED : exitCode);
  }

  public boolean reportsRecovery() {
    return recovery == null || recovery;
  }

  /** Returns the deadline of one attempt. */
  public Duration deadline() {
    return timeout == null ? DEFAULT_TIMEOUT : timeout;
  }

  /** Returns the secrets that the section refers to, by the key that does so. */
  public Map<String, SecretRef> secrets() {
    Map<String, @Nullable SecretRef> all = new LinkedHashMap<>();
    if (webhook != null) {
      all.put("webhook.url", webhook.url().secret());
      all.put("webhook.secret", webhook.secret());
    }
    if (ping != null) {
      all.put("ping.url", ping.url().secret());
      Address failUrl = ping.failUrl();
      all.put("ping.fail_url", failUrl == null ? null : failUrl.secret());
    }
    Map<String, SecretRef> present = new LinkedHashMap<>();
    all.forEach(
        (key, secret) -> {
          if (secret != null) {
            present.put(SECTION + "." + key, secret);
          }
        });
    return present;
  }

  /** Returns the addresses that are written out. They are not shown in full: many are secrets. */
  public List<URI> writtenAddresses() {
    List<@Nullable Address> all = new ArrayList<>();
    all.add(webhook == null ? null : webhook.url());
    all.add(ping == null ? null : ping.url());
    all.add(ping == null ? null : ping.failUrl());
    return all.stream()
        .flatMap(Stream::ofNullable)
        .flatMap(a -> Stream.ofNullable(a.url()))
        .toList();
  }
}
