package fathomexport.simulator;

import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * How a simulator acts where the real API's documentation is silent, and what it does wrong on
 * purpose. Never changes: every {@code with} method gives a changed copy.
 *
 * <p>{@link #standard()} is what is documented or was recorded.
 */
public final class Behaviour {
  /** How fields without a value are shown. */
  public enum EmptyField {
    /** Both no value and an empty one are null, one group. */
    AS_NULL,
    /** Both are the empty string, one group. */
    AS_EMPTY,
    /** As the records have it: they are two groups. */
    AS_KEPT
  }

  /** The unit of {@code bounce_rate}. */
  public enum RateUnit {
    /** 0 to 1, until about the end of 2025. */
    RATIO,
    /** 0 to 100. */
    PERCENTAGE
  }

  /** What a {@code date_to} without a time means. */
  public enum DateOnly {
    START_OF_DAY,
    END_OF_DAY,
    /** 400. */
    REFUSED
  }

  /** In which order rows come that are sorted by a field. */
  public enum FieldSort {
    CODE_POINTS,
    /** {@code a} and {@code A} are equal. */
    IGNORING_CASE,
    /** Only letters and digits count, in any case. */
    DICTIONARY,
    /** None, whatever is asked for. */
    IGNORED
  }

  /** How a lack of permission is told. */
  public enum Refusal {
    FORBIDDEN(403),
    BAD_REQUEST(400),
    NOT_FOUND(404);

    private final int status;

    Refusal(int status) {
      this.status = status;
    }

    int status() {
      return status;
    }
  }

  /** How a 429 says when to come back. */
  public enum RetryAfter {
    SECONDS,
    HTTP_DATE,
    ABSENT
  }

  /** What becomes of the parameter {@code offset}, which is not documented. */
  public enum Offset {
    IGNORED,
    HONOURED,
    /** 400. */
    REFUSED,
    /** Honoured, but rows that compare equal come in another order with every request. */
    UNSTABLE
  }

  /** A cell that does not hold a number: an aggregate's text in all rows of a site and day. */
  public record CorruptCell(String site, LocalDate day, String aggregate, String text) {}

  /** Ranges of more than so many local days are refused with this status and message. */
  public record RangeRule(int days, int status, String message) {
    public RangeRule {
      if (days < 1) {
        throw new IllegalArgumentException("days must be at least 1: " + days);
      }
    }
  }

  /** What becomes of one row of every grouped answer. */
  public enum Damage {
    ROW_DROPPED,
    ROW_DOUBLED,
    /** Its pageviews or conversions are one more. */
    VALUE_OFF_BY_ONE,
    /** It carries another date of the answer. */
    DAY_MOVED
  }

  /**
   * Damage at a random place of every grouped answer.
   *
   * @param seed decides the place: one seed, one place in equal answers
   */
  public record Tampering(Damage damage, long seed) {}

  /** What happens to the world once the n-th request to {@code /aggregations} was answered. */
  public record Change(int afterAggregation, Consumer<World> what) {}

  /**
   * A time in which every report is answered 429, with what is left of it as {@code Retry-After}.
   *
   * @param afterAggregation begins with the request to {@code /aggregations} behind this one
   */
  public record Closure(int afterAggregation, Duration time) {}

  private static final Behaviour STANDARD = new Behaviour();

  EmptyField emptyField = EmptyField.AS_NULL;
  boolean hostnameWithScheme = false;
  boolean keywordNullGroupLeftOut = false;
  boolean complementsDropNull = false;
  boolean valueNullWithoutCents = false;
  boolean numbersAsJson = false;
  boolean bounceRateAsJson = false;
  RateUnit rateUnit = RateUnit.PERCENTAGE;
  boolean ratesToFourDigits = false;
  boolean oldEnvelope = false;
  boolean asciiJson = true;
  boolean futureHidden = false;
  List<CorruptCell> corruptCells = List.of();
  @Nullable Integer silentRowCap = null;
  @Nullable Integer maximumLimit = null;
  boolean maximumNamed = true;
  Offset offset = Offset.IGNORED;
  boolean re2Only = false;
  boolean currencyUnknown = false;
  boolean unknownCountryAsUn = false;
  @Nullable Integer defaultLimit = null;
  boolean sortByIgnored = false;
  FieldSort fieldSort = FieldSort.CODE_POINTS;
  boolean nullsLast = false;
  boolean regexIgnoresCase = false;
  boolean regexRefused = false;
  boolean unstableTies = false;
  boolean rowDuplicated = false;
  boolean rowOutsideRange = false;
  boolean lastGroupLost = false;
  @Nullable Tampering tampering = null;
  boolean dateToExclusive = false;
  DateOnly dateOnlyTo = DateOnly.START_OF_DAY;
  @Nullable RangeRule dayRangeRule = null;
  boolean longWeekRefused = false;
  List<SimulatorToken> tokens = List.of(SimulatorToken.STANDARD);
  Refusal foreignSite = Refusal.FORBIDDEN;
  Refusal listingSites = Refusal.FORBIDDEN;
  boolean zoneInSites = true;
  boolean hasMoreAlways = false;
  boolean currentVisitorsAsStrings = false;
  Quota reportsQuota = Quota.aMinute(Quota.Model.FIXED_FROM_FIRST_HIT, 10);
  Quota accountQuota = new Quota(Quota.Model.FIXED_FROM_FIRST_HIT, 2_000, Duration.ofHours(1));
  int inFlightLimit = 5;
  RetryAfter retryAfter = RetryAfter.SECONDS;
  @Nullable Closure closure = null;
  boolean rateLimitHeaders = false;
  boolean gzip = true;
  boolean chunked = false;
  Duration firstOfShapeDelay = Duration.ZERO;
  List<FaultRule> faults = List.of();
  List<Change> changes = List.of();

  private Behaviour() {}

  private Behaviour(Behaviour other) {
    emptyField = other.emptyField;
    hostnameWithScheme = other.hostnameWithScheme;
    keywordNullGroupLeftOut = other.keywordNullGroupLeftOut;
    complementsDropNull = other.complementsDropNull;
    valueNullWithoutCents = other.valueNullWithoutCents;
    numbersAsJson = other.numbersAsJson;
    bounceRateAsJson = other.bounceRateAsJson;
    rateUnit = other.rateUnit;
    ratesToFourDigits = other.ratesToFourDigits;
    oldEnvelope = other.oldEnvelope;
    asciiJson = other.asciiJson;
    futureHidden = other.futureHidden;
    corruptCells = other.corruptCells;
    silentRowCap = other.silentRowCap;
    maximumLimit = other.maximumLimit;
    maximumNamed = other.maximumNamed;
    offset = other.offset;
    re2Only = other.re2Only;
    currencyUnknown = other.currencyUnknown;
    unknownCountryAsUn = other.unknownCountryAsUn;
    defaultLimit = other.defaultLimit;
    sortByIgnored = other.sortByIgnored;
    fieldSort = other.fieldSort;
    nullsLast = other.nullsLast;
    regexIgnoresCase = other.regexIgnoresCase;
    regexRefused = other.regexRefused;
    unstableTies = other.unstableTies;
    rowDuplicated = other.rowDuplicated;
    rowOutsideRange = other.rowOutsideRange;
    lastGroupLost = other.lastGroupLost;
    tampering = other.tampering;
    dateToExclusive = other.dateToExclusive;
    dateOnlyTo = other.dateOnlyTo;
    dayRangeRule = other.dayRangeRule;
    longWeekRefused = other.longWeekRefused;
    tokens = other.tokens;
    foreignSite = other.foreignSite;
    listingSites = other.listingSites;
    zoneInSites = other.zoneInSites;
    hasMoreAlways = other.hasMoreAlways;
    currentVisitorsAsStrings = other.currentVisitorsAsStrings;
    reportsQuota = other.reportsQuota;
    accountQuota = other.accountQuota;
    inFlightLimit = other.inFlightLimit;
    retryAfter = other.retryAfter;
    closure = other.closure;
    rateLimitHeaders = other.rateLimitHeaders;
    gzip = other.gzip;
    chunked = other.chunked;
    firstOfShapeDelay = other.firstOfShapeDelay;
    faults = other.faults;
    changes = other.changes;
  }

  /** What is documented or was recorded, with the documented quotas. */
  public static Behaviour standard() {
    return STANDARD;
  }

  /** {@link #standard()} without quotas: for tests of anything else. */
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

  /** How a field without a value, and one with an empty value, are shown. */
  public Behaviour withEmptyField(EmptyField value) {
    return change(b -> b.emptyField = value);
  }

  /** Whether {@code hostname} carries {@code https://}, as it did in some eras. */
  public Behaviour withHostnameWithScheme(boolean value) {
    return change(b -> b.hostnameWithScheme = value);
  }

  /** Whether records without a keyword are left out when grouping by {@code keyword}. */
  public Behaviour withKeywordNullGroupLeftOut(boolean value) {
    return change(b -> b.keywordNullGroupLeftOut = value);
  }

  /**
   * Whether {@code is not}, {@code is not like} and {@code not matching} leave out records without
   * a value.
   */
  public Behaviour withComplementsDropNull(boolean value) {
    return change(b -> b.complementsDropNull = value);
  }

  /** Whether {@code value} is null, not 0, where no conversion of a group was sent with a value. */
  public Behaviour withValueNullWithoutCents(boolean value) {
    return change(b -> b.valueNullWithoutCents = value);
  }

  /** Whether numbers are JSON numbers rather than strings. */
  public Behaviour withNumbersAsJson(boolean value) {
    return change(b -> b.numbersAsJson = value);
  }

  /** Whether {@code bounce_rate} alone is a JSON number, as in 2023. */
  public Behaviour withBounceRateAsJson(boolean value) {
    return change(b -> b.bounceRateAsJson = value);
  }

  /** The unit of {@code bounce_rate}. */
  public Behaviour withRateUnit(RateUnit value) {
    return change(b -> b.rateUnit = value);
  }

  /** Whether {@code bounce_rate} is rounded to four digits of the ratio. */
  public Behaviour withRatesToFourDigits(boolean value) {
    return change(b -> b.ratesToFourDigits = value);
  }

  /** Whether aggregations come as {@code {object,url,has_more,data}}. */
  public Behaviour withOldEnvelope(boolean value) {
    return change(b -> b.oldEnvelope = value);
  }

  /** Whether JSON escapes slashes and all that is not ASCII, as PHP does. */
  public Behaviour withAsciiJson(boolean value) {
    return change(b -> b.asciiJson = value);
  }

  /** Whether records after the simulator's clock are not there yet. */
  public Behaviour withFutureHidden(boolean value) {
    return change(b -> b.futureHidden = value);
  }

  /** Cells whose text is replaced. Adds one. */
  public Behaviour withCorruptCell(CorruptCell cell) {
    return change(b -> b.corruptCells = append(b.corruptCells, cell));
  }

  /** Rows that an answer never exceeds, whatever limit was asked for, without a word. */
  public Behaviour withSilentRowCap(@Nullable Integer value) {
    return change(b -> b.silentRowCap = positive("silentRowCap", value));
  }

  /** The limit above which a request is refused with 400. */
  public Behaviour withMaximumLimit(@Nullable Integer value) {
    return change(b -> b.maximumLimit = positive("maximumLimit", value));
  }

  /** Whether that refusal says what it is about, and how much is allowed. */
  public Behaviour withMaximumNamed(boolean value) {
    return change(b -> b.maximumNamed = value);
  }

  /** What becomes of the parameter {@code offset}. */
  public Behaviour withOffset(Offset value) {
    return change(b -> b.offset = value);
  }

  /** Whether regular expressions that RE2 does not know are refused with 422. */
  public Behaviour withRe2Only(boolean value) {
    return change(b -> b.re2Only = value);
  }

  /** Whether {@code currency} of events is null. */
  public Behaviour withCurrencyUnknown(boolean value) {
    return change(b -> b.currencyUnknown = value);
  }

  /** Whether a country that is not known is shown as {@code un}. */
  public Behaviour withUnknownCountryAsUn(boolean value) {
    return change(b -> b.unknownCountryAsUn = value);
  }

  /** The limit of a request that asks for none. */
  public Behaviour withDefaultLimit(@Nullable Integer value) {
    return change(b -> b.defaultLimit = positive("defaultLimit", value));
  }

  /** Whether rows come shuffled whatever {@code sort_by} says. */
  public Behaviour withSortByIgnored(boolean value) {
    return change(b -> b.sortByIgnored = value);
  }

  /** In which order rows come that are sorted by a field. */
  public Behaviour withFieldSort(FieldSort value) {
    return change(b -> b.fieldSort = value);
  }

  /** Whether rows without a value of a field come behind all others, sorted by it upwards. */
  public Behaviour withNullsLast(boolean value) {
    return change(b -> b.nullsLast = value);
  }

  /** Whether {@code matching} and {@code not matching} take no notice of case. */
  public Behaviour withRegexIgnoringCase(boolean value) {
    return change(b -> b.regexIgnoresCase = value);
  }

  /** Whether {@code matching} and {@code not matching} are refused with 422. */
  public Behaviour withRegexRefused(boolean value) {
    return change(b -> b.regexRefused = value);
  }

  /** Whether rows that compare equal come in another order with every request. */
  public Behaviour withUnstableTies(boolean value) {
    return change(b -> b.unstableTies = value);
  }

  /** Whether one row of every answer comes twice. */
  public Behaviour withRowDuplicated(boolean value) {
    return change(b -> b.rowDuplicated = value);
  }

  /** Whether every dated answer holds a row of a day before its range. */
  public Behaviour withRowOutsideRange(boolean value) {
    return change(b -> b.rowOutsideRange = value);
  }

  /** Whether every grouped answer silently lacks one row. */
  public Behaviour withLastGroupLost(boolean value) {
    return change(b -> b.lastGroupLost = value);
  }

  /** What is wrong with one row of every grouped answer; null for nothing. */
  public Behaviour withTampering(@Nullable Tampering value) {
    return change(b -> b.tampering = value);
  }

  /** Whether a record in the very second of {@code date_to} is left out. */
  public Behaviour withDateToExclusive(boolean value) {
    return change(b -> b.dateToExclusive = value);
  }

  /** What a {@code date_to} without a time means. */
  public Behaviour withDateOnlyTo(DateOnly value) {
    return change(b -> b.dateOnlyTo = value);
  }

  /** The range above which a day grouping is refused. */
  public Behaviour withDayRangeRule(@Nullable RangeRule value) {
    return change(b -> b.dayRangeRule = value);
  }

  /** Whether hour grouping over the 169 hours of an autumn week is refused. */
  public Behaviour withLongWeekRefused(boolean value) {
    return change(b -> b.longWeekRefused = value);
  }

  /** The tokens that are known. They replace those before. */
  public Behaviour withTokens(SimulatorToken... newTokens) {
    List<SimulatorToken> copy = List.of(newTokens);
    return change(b -> b.tokens = copy);
  }

  /** How a site that the token may not read is refused. */
  public Behaviour withForeignSite(Refusal value) {
    return change(b -> b.foreignSite = value);
  }

  /** How a token for single sites is refused when it lists them. */
  public Behaviour withListingSites(Refusal value) {
    return change(b -> b.listingSites = value);
  }

  /** Whether {@code /sites} carries {@code timezone}. */
  public Behaviour withZoneInSites(boolean value) {
    return change(b -> b.zoneInSites = value);
  }

  /** Whether lists claim that there is more until they are empty. */
  public Behaviour withHasMoreAlways(boolean value) {
    return change(b -> b.hasMoreAlways = value);
  }

  /** Whether the totals inside {@code current_visitors} are strings, as in 2023. */
  public Behaviour withCurrentVisitorsAsStrings(boolean value) {
    return change(b -> b.currentVisitorsAsStrings = value);
  }

  /** The quota of {@code /aggregations} and {@code /current_visitors}. */
  public Behaviour withReportsQuota(Quota value) {
    return change(b -> b.reportsQuota = value);
  }

  /** The quota of all other endpoints. */
  public Behaviour withAccountQuota(Quota value) {
    return change(b -> b.accountQuota = value);
  }

  /** Requests that a user may have under way at once. */
  public Behaviour withInFlightLimit(int value) {
    return change(b -> b.inFlightLimit = Objects.requireNonNull(positive("inFlightLimit", value)));
  }

  /** How a 429 says when to come back. */
  public Behaviour withRetryAfter(RetryAfter value) {
    return change(b -> b.retryAfter = value);
  }

  /** When reports are refused for a time, once; null for never. */
  public Behaviour withClosure(@Nullable Closure value) {
    return change(b -> b.closure = value);
  }

  /** Whether answers carry {@code X-RateLimit-Limit}. */
  public Behaviour withRateLimitHeaders(boolean value) {
    return change(b -> b.rateLimitHeaders = value);
  }

  /** Whether bodies are compressed for clients that accept it. */
  public Behaviour withGzip(boolean value) {
    return change(b -> b.gzip = value);
  }

  /** Whether bodies are sent in chunks rather than with their length. */
  public Behaviour withChunked(boolean value) {
    return change(b -> b.chunked = value);
  }

  /** How long the first query of a shape takes. */
  public Behaviour withFirstOfShapeDelay(Duration value) {
    return change(b -> b.firstOfShapeDelay = value);
  }

  /** What goes wrong on purpose; the first rule that fits applies. Adds one. */
  public Behaviour withFault(FaultRule rule) {
    return change(b -> b.faults = append(b.faults, rule));
  }

  /** Without any scripted fault. */
  public Behaviour withoutFaults() {
    return change(b -> b.faults = List.of());
  }

  /** What changes in the world between requests. Adds one. */
  public Behaviour withChange(Change change) {
    return change(b -> b.changes = append(b.changes, change));
  }
}
