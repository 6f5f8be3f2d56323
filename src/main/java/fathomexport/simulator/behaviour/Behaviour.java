package fathomexport.simulator.behaviour;

import fathomexport.simulator.world.World;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * How a simulator acts where the real API's documentation is silent, and which faults it has on
 * purpose. Immutable: every {@code with} method returns a changed copy.
 *
 * <p>{@link #standard()} is what is documented or was recorded.
 */
public final class Behaviour extends Switches {
  /** How responses show fields without a value. */
  public enum EmptyField {
    /** Both a missing and an empty value are null, in one group. */
    AS_NULL,
    /** Both a missing and an empty value are the empty string, in one group. */
    AS_EMPTY,
    /** As in the records: null and the empty string are two groups. */
    AS_KEPT
  }

  /** The unit of {@code bounce_rate}. */
  public enum RateUnit {
    /** 0 to 1, as until about the end of 2025. */
    RATIO,
    /** 0 to 100. */
    PERCENTAGE
  }

  /** The meaning of a {@code date_to} without a time. */
  public enum DateOnly {
    START_OF_DAY,
    END_OF_DAY,
    /** Rejected with 400. */
    REFUSED
  }

  /** The order of rows that are sorted by a field. */
  public enum FieldSort {
    CODE_POINTS,
    /** {@code a} and {@code A} are equal. */
    IGNORING_CASE,
    /** Only letters and digits count, ignoring case. */
    DICTIONARY,
    /** None: rows are not sorted by fields. */
    IGNORED
  }

  /** How a missing permission is reported. */
  public enum Refusal {
    FORBIDDEN(403),
    BAD_REQUEST(400),
    NOT_FOUND(404);

    private final int status;

    Refusal(int status) {
      this.status = status;
    }

    public int status() {
      return status;
    }
  }

  /** How a 429 says when to retry. */
  public enum RetryAfter {
    SECONDS,
    HTTP_DATE,
    ABSENT
  }

  /** How the parameter {@code offset}, which is not documented, is treated. */
  public enum Offset {
    IGNORED,
    HONOURED,
    /** Rejected with 400. */
    REFUSED,
    /** Honoured, but rows that compare equal come in a different order with every request. */
    UNSTABLE
  }

  /** A cell without a number: the text of an aggregate in all rows of a site and day. */
  public record CorruptCell(String site, LocalDate day, String aggregate, String text) {}

  /** Rejects ranges of more than this number of local days, with this status and message. */
  public record RangeRule(int days, int status, String message) {
    public RangeRule {
      if (days < 1) {
        throw new IllegalArgumentException("days must be at least 1: " + days);
      }
    }
  }

  /** How one row of every grouped response is damaged. */
  public enum Damage {
    ROW_DROPPED,
    ROW_DOUBLED,
    /** The row's number of pageviews or conversions is one too high. */
    VALUE_OFF_BY_ONE,
    /** The row has another date of the response. */
    DAY_MOVED
  }

  /**
   * Damage at a pseudo-random place of every grouped response.
   *
   * @param seed decides the place: the same seed gives the same place in equal responses
   */
  public record Tampering(Damage damage, long seed) {}

  /** A change of the world after the n-th request to {@code /aggregations} was answered. */
  public record Change(int afterAggregation, Consumer<World> what) {}

  /**
   * A period during which every report request is answered with 429 and the remaining time as
   * {@code Retry-After}.
   *
   * @param afterAggregation the period begins with the request to {@code /aggregations} after this
   *     one
   */
  public record Closure(int afterAggregation, Duration time) {}

  private static final Behaviour STANDARD = new Behaviour();

  private Behaviour() {}

  private Behaviour(Behaviour other) {
    super(other);
  }

  /** Returns what is documented or was recorded, with the documented quotas. */
  public static Behaviour standard() {
    return STANDARD;
  }

  /** Returns {@link #standard()} without quotas, for tests of anything else. */
  public static Behaviour unlimited() {
    return STANDARD.withReportsQuota(Quota.none()).withAccountQuota(Quota.none());
  }

  private Behaviour change(Consumer<Behaviour> what) {
    Behaviour copy = new Behaviour(this);
    what.accept(copy);
    return copy;
  }

  private static <T> List<T> append(List<T> list, T more) {
    List<T> longer = new ArrayList<>(list);
    longer.add(more);
    return List.copyOf(longer);
  }

  private static @Nullable Integer positive(String name, @Nullable Integer value) {
    if (value != null && value < 1) {
      throw new IllegalArgumentException(name + " must be at least 1: " + value);
    }
    return value;
  }

  /** Sets how a field without a value, and one with an empty value, are shown. */
  public Behaviour withEmptyField(EmptyField value) {
    return change(b -> b.emptyField = value);
  }

  /** Sets whether {@code hostname} includes {@code https://}, as it did at times. */
  public Behaviour withHostnameWithScheme(boolean value) {
    return change(b -> b.hostnameWithScheme = value);
  }

  /** Sets whether records without a keyword are left out when grouping by {@code keyword}. */
  public Behaviour withKeywordNullGroupLeftOut(boolean value) {
    return change(b -> b.keywordNullGroupLeftOut = value);
  }

  /**
   * Sets whether {@code is not}, {@code is not like} and {@code not matching} leave out records
   * without a value.
   */
  public Behaviour withComplementsDropNull(boolean value) {
    return change(b -> b.complementsDropNull = value);
  }

  /**
   * Sets whether {@code value} is null, not 0, if no conversion of a group was sent with a value.
   */
  public Behaviour withValueNullWithoutCents(boolean value) {
    return change(b -> b.valueNullWithoutCents = value);
  }

  /** Sets whether numbers are JSON numbers rather than strings. */
  public Behaviour withNumbersAsJson(boolean value) {
    return change(b -> b.numbersAsJson = value);
  }

  /** Sets whether {@code bounce_rate} alone is a JSON number, as in 2023. */
  public Behaviour withBounceRateAsJson(boolean value) {
    return change(b -> b.bounceRateAsJson = value);
  }

  /** Sets the unit of {@code bounce_rate}. */
  public Behaviour withRateUnit(RateUnit value) {
    return change(b -> b.rateUnit = value);
  }

  /** Sets whether {@code bounce_rate} is rounded to four decimal places of the ratio. */
  public Behaviour withRatesToFourDigits(boolean value) {
    return change(b -> b.ratesToFourDigits = value);
  }

  /**
   * Sets whether visitors are recognised by the number of their visit, wherever it occurs: {@code
   * uniques} then counts different visitors, so that those of days or groups overlap.
   */
  public Behaviour withVisitorsRecognised(boolean value) {
    return change(b -> b.visitorsRecognised = value);
  }

  /** Sets whether aggregations are wrapped in {@code {object,url,has_more,data}}. */
  public Behaviour withOldEnvelope(boolean value) {
    return change(b -> b.oldEnvelope = value);
  }

  /** Sets whether JSON escapes slashes and all non-ASCII characters, as PHP does. */
  public Behaviour withAsciiJson(boolean value) {
    return change(b -> b.asciiJson = value);
  }

  /** Sets whether records after the simulator's time are hidden. */
  public Behaviour withFutureHidden(boolean value) {
    return change(b -> b.futureHidden = value);
  }

  /** Adds a cell whose text is replaced. */
  public Behaviour withCorruptCell(CorruptCell cell) {
    return change(b -> b.corruptCells = append(b.corruptCells, cell));
  }

  /**
   * Sets the number of rows at which responses are truncated without notice, whatever the requested
   * limit; null for none.
   */
  public Behaviour withSilentRowCap(@Nullable Integer value) {
    return change(b -> b.silentRowCap = positive("silentRowCap", value));
  }

  /** Sets the limit above which a request is rejected with 400; null for none. */
  public Behaviour withMaximumLimit(@Nullable Integer value) {
    return change(b -> b.maximumLimit = positive("maximumLimit", value));
  }

  /** Sets whether that rejection names the parameter and the maximum. */
  public Behaviour withMaximumNamed(boolean value) {
    return change(b -> b.maximumNamed = value);
  }

  /** Sets how the parameter {@code offset} is treated. */
  public Behaviour withOffset(Offset value) {
    return change(b -> b.offset = value);
  }

  /** Sets whether regular expressions that RE2 does not support are rejected with 422. */
  public Behaviour withRe2Only(boolean value) {
    return change(b -> b.re2Only = value);
  }

  /** Sets whether records of sites list {@code domains}. */
  public Behaviour withDomainsInSites(boolean value) {
    return change(b -> b.domainsInSites = value);
  }

  /**
   * Sets the status with which requests for milestones are refused: 404 as before the endpoint
   * existed, or 403; null to answer them.
   */
  public Behaviour withMilestonesRefused(@Nullable Integer status) {
    return change(b -> b.milestonesRefused = status);
  }

  /** Sets whether {@code currency} of events is null. */
  public Behaviour withCurrencyUnknown(boolean value) {
    return change(b -> b.currencyUnknown = value);
  }

  /** Sets whether an unknown country is shown as {@code un}. */
  public Behaviour withUnknownCountryAsUn(boolean value) {
    return change(b -> b.unknownCountryAsUn = value);
  }

  /** Sets the limit of a request without {@code limit}; null for none. */
  public Behaviour withDefaultLimit(@Nullable Integer value) {
    return change(b -> b.defaultLimit = positive("defaultLimit", value));
  }

  /** Sets whether rows come shuffled, whatever {@code sort_by} is. */
  public Behaviour withSortByIgnored(boolean value) {
    return change(b -> b.sortByIgnored = value);
  }

  /** Sets the order of rows that are sorted by a field. */
  public Behaviour withFieldSort(FieldSort value) {
    return change(b -> b.fieldSort = value);
  }

  /**
   * Sets whether rows without a value of a field come last when sorted by it in ascending order.
   */
  public Behaviour withNullsLast(boolean value) {
    return change(b -> b.nullsLast = value);
  }

  /** Sets whether {@code matching} and {@code not matching} ignore case. */
  public Behaviour withRegexIgnoringCase(boolean value) {
    return change(b -> b.regexIgnoresCase = value);
  }

  /** Sets whether {@code matching} and {@code not matching} are rejected with 422. */
  public Behaviour withRegexRefused(boolean value) {
    return change(b -> b.regexRefused = value);
  }

  /** Sets whether rows that compare equal come in a different order with every request. */
  public Behaviour withUnstableTies(boolean value) {
    return change(b -> b.unstableTies = value);
  }

  /** Sets whether one row of every response comes twice. */
  public Behaviour withRowDuplicated(boolean value) {
    return change(b -> b.rowDuplicated = value);
  }

  /** Sets whether every dated response contains a row of a day before its range. */
  public Behaviour withRowOutsideRange(boolean value) {
    return change(b -> b.rowOutsideRange = value);
  }

  /** Sets whether every grouped response lacks one row, without notice. */
  public Behaviour withLastGroupLost(boolean value) {
    return change(b -> b.lastGroupLost = value);
  }

  /** Sets how one row of every grouped response is damaged; null for not at all. */
  public Behaviour withTampering(@Nullable Tampering value) {
    return change(b -> b.tampering = value);
  }

  /** Sets whether a record in the exact second of {@code date_to} is left out. */
  public Behaviour withDateToExclusive(boolean value) {
    return change(b -> b.dateToExclusive = value);
  }

  /** Sets the meaning of a {@code date_to} without a time. */
  public Behaviour withDateOnlyTo(DateOnly value) {
    return change(b -> b.dateOnlyTo = value);
  }

  /** Sets the range above which day grouping is rejected; null for none. */
  public Behaviour withDayRangeRule(@Nullable RangeRule value) {
    return change(b -> b.dayRangeRule = value);
  }

  /** Sets whether hour grouping over the 169 hours of an autumn week is rejected. */
  public Behaviour withLongWeekRefused(boolean value) {
    return change(b -> b.longWeekRefused = value);
  }

  /** Sets the valid tokens. They replace the previous ones. */
  public Behaviour withTokens(SimulatorToken... newTokens) {
    List<SimulatorToken> copy = List.of(newTokens);
    return change(b -> b.tokens = copy);
  }

  /** Sets the status for a site that the token may not read. */
  public Behaviour withForeignSite(Refusal value) {
    return change(b -> b.foreignSite = value);
  }

  /** Sets the status for listing sites with a token for single sites. */
  public Behaviour withListingSites(Refusal value) {
    return change(b -> b.listingSites = value);
  }

  /** Sets whether {@code /sites} includes {@code timezone}. */
  public Behaviour withZoneInSites(boolean value) {
    return change(b -> b.zoneInSites = value);
  }

  /** Sets whether lists claim to have more items until a page is empty. */
  public Behaviour withHasMoreAlways(boolean value) {
    return change(b -> b.hasMoreAlways = value);
  }

  /** Sets whether the totals within {@code current_visitors} are strings, as in 2023. */
  public Behaviour withCurrentVisitorsAsStrings(boolean value) {
    return change(b -> b.currentVisitorsAsStrings = value);
  }

  /** Sets the quota of {@code /aggregations} and {@code /current_visitors}. */
  public Behaviour withReportsQuota(Quota value) {
    return change(b -> b.reportsQuota = value);
  }

  /** Sets the quota of all other endpoints. */
  public Behaviour withAccountQuota(Quota value) {
    return change(b -> b.accountQuota = value);
  }

  /** Sets the number of requests that a user may have in flight at the same time. */
  public Behaviour withInFlightLimit(int value) {
    return change(b -> b.inFlightLimit = Objects.requireNonNull(positive("inFlightLimit", value)));
  }

  /** Sets how a 429 says when to retry. */
  public Behaviour withRetryAfter(RetryAfter value) {
    return change(b -> b.retryAfter = value);
  }

  /** Sets the period during which report requests are rejected, once; null for never. */
  public Behaviour withClosure(@Nullable Closure value) {
    return change(b -> b.closure = value);
  }

  /** Sets whether responses include {@code X-RateLimit-Limit}. */
  public Behaviour withRateLimitHeaders(boolean value) {
    return change(b -> b.rateLimitHeaders = value);
  }

  /** Sets whether bodies are compressed for clients that accept it. */
  public Behaviour withGzip(boolean value) {
    return change(b -> b.gzip = value);
  }

  /** Sets whether bodies are sent chunked rather than with a Content-Length. */
  public Behaviour withChunked(boolean value) {
    return change(b -> b.chunked = value);
  }

  /** Sets the additional duration of the first query of a shape. */
  public Behaviour withFirstOfShapeDelay(Duration value) {
    return change(b -> b.firstOfShapeDelay = value);
  }

  /** Adds a scripted fault. The first rule that applies to a request is used. */
  public Behaviour withFault(FaultRule rule) {
    return change(b -> b.faults = append(b.faults, rule));
  }

  /** Removes all scripted faults. */
  public Behaviour withoutFaults() {
    return change(b -> b.faults = List.of());
  }

  /** Adds a change of the world between requests. */
  public Behaviour withChange(Change change) {
    return change(b -> b.changes = append(b.changes, change));
  }
}
