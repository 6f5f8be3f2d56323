package fathomexport.simulator.behaviour;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The values of a {@link Behaviour}, as the server and the truth read them. What each means is said
 * where a test sets it, at the {@code with} method of its name.
 */
abstract sealed class Switches permits Behaviour {
  Behaviour.EmptyField emptyField = Behaviour.EmptyField.AS_NULL;
  boolean hostnameWithScheme = false;
  boolean keywordNullGroupLeftOut = false;
  boolean complementsDropNull = false;
  boolean valueNullWithoutCents = false;
  boolean numbersAsJson = false;
  boolean bounceRateAsJson = false;
  Behaviour.RateUnit rateUnit = Behaviour.RateUnit.PERCENTAGE;
  boolean ratesToFourDigits = false;
  boolean visitorsRecognised = false;
  boolean oldEnvelope = false;
  boolean asciiJson = true;
  boolean futureHidden = false;
  List<Behaviour.CorruptCell> corruptCells = List.of();
  @Nullable Integer silentRowCap = null;
  @Nullable Integer maximumLimit = null;
  boolean maximumNamed = true;
  Behaviour.Offset offset = Behaviour.Offset.IGNORED;
  boolean re2Only = false;
  boolean currencyUnknown = false;
  boolean unknownCountryAsUn = false;
  @Nullable Integer defaultLimit = null;
  boolean sortByIgnored = false;
  Behaviour.FieldSort fieldSort = Behaviour.FieldSort.CODE_POINTS;
  boolean nullsLast = false;
  boolean regexIgnoresCase = false;
  boolean regexRefused = false;
  boolean unstableTies = false;
  boolean rowDuplicated = false;
  boolean rowOutsideRange = false;
  boolean lastGroupLost = false;
  Behaviour.@Nullable Tampering tampering = null;
  boolean dateToExclusive = false;
  Behaviour.DateOnly dateOnlyTo = Behaviour.DateOnly.START_OF_DAY;
  Behaviour.@Nullable RangeRule dayRangeRule = null;
  boolean longWeekRefused = false;
  List<SimulatorToken> tokens = List.of(SimulatorToken.STANDARD);
  Behaviour.Refusal foreignSite = Behaviour.Refusal.FORBIDDEN;
  Behaviour.Refusal listingSites = Behaviour.Refusal.FORBIDDEN;
  boolean zoneInSites = true;
  boolean domainsInSites = false;
  @Nullable Integer milestonesRefused = null;
  boolean hasMoreAlways = false;
  boolean currentVisitorsAsStrings = false;
  Quota reportsQuota = Quota.aMinute(Quota.Model.FIXED_FROM_FIRST_HIT, 10);
  Quota accountQuota = new Quota(Quota.Model.FIXED_FROM_FIRST_HIT, 2_000, Duration.ofHours(1));
  int inFlightLimit = 5;
  Behaviour.RetryAfter retryAfter = Behaviour.RetryAfter.SECONDS;
  Behaviour.@Nullable Closure closure = null;
  boolean rateLimitHeaders = false;
  boolean gzip = true;
  boolean chunked = false;
  Duration firstOfShapeDelay = Duration.ZERO;
  List<FaultRule> faults = List.of();
  List<Behaviour.Change> changes = List.of();

  Switches() {}

  Switches(Switches other) {
    emptyField = other.emptyField;
    hostnameWithScheme = other.hostnameWithScheme;
    keywordNullGroupLeftOut = other.keywordNullGroupLeftOut;
    complementsDropNull = other.complementsDropNull;
    valueNullWithoutCents = other.valueNullWithoutCents;
    numbersAsJson = other.numbersAsJson;
    bounceRateAsJson = other.bounceRateAsJson;
    rateUnit = other.rateUnit;
    ratesToFourDigits = other.ratesToFourDigits;
    visitorsRecognised = other.visitorsRecognised;
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
    domainsInSites = other.domainsInSites;
    milestonesRefused = other.milestonesRefused;
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

  public Behaviour.EmptyField emptyField() {
    return emptyField;
  }

  public boolean hostnameWithScheme() {
    return hostnameWithScheme;
  }

  public boolean keywordNullGroupLeftOut() {
    return keywordNullGroupLeftOut;
  }

  public boolean complementsDropNull() {
    return complementsDropNull;
  }

  public boolean valueNullWithoutCents() {
    return valueNullWithoutCents;
  }

  public boolean numbersAsJson() {
    return numbersAsJson;
  }

  public boolean bounceRateAsJson() {
    return bounceRateAsJson;
  }

  public Behaviour.RateUnit rateUnit() {
    return rateUnit;
  }

  public boolean ratesToFourDigits() {
    return ratesToFourDigits;
  }

  public boolean visitorsRecognised() {
    return visitorsRecognised;
  }

  public boolean oldEnvelope() {
    return oldEnvelope;
  }

  public boolean asciiJson() {
    return asciiJson;
  }

  public boolean futureHidden() {
    return futureHidden;
  }

  public List<Behaviour.CorruptCell> corruptCells() {
    return corruptCells;
  }

  public @Nullable Integer silentRowCap() {
    return silentRowCap;
  }

  public @Nullable Integer maximumLimit() {
    return maximumLimit;
  }

  public boolean maximumNamed() {
    return maximumNamed;
  }

  public Behaviour.Offset offset() {
    return offset;
  }

  public boolean re2Only() {
    return re2Only;
  }

  public boolean currencyUnknown() {
    return currencyUnknown;
  }

  public boolean unknownCountryAsUn() {
    return unknownCountryAsUn;
  }

  public @Nullable Integer defaultLimit() {
    return defaultLimit;
  }

  public boolean sortByIgnored() {
    return sortByIgnored;
  }

  public Behaviour.FieldSort fieldSort() {
    return fieldSort;
  }

  public boolean nullsLast() {
    return nullsLast;
  }

  public boolean regexIgnoresCase() {
    return regexIgnoresCase;
  }

  public boolean regexRefused() {
    return regexRefused;
  }

  public boolean unstableTies() {
    return unstableTies;
  }

  public boolean rowDuplicated() {
    return rowDuplicated;
  }

  public boolean rowOutsideRange() {
    return rowOutsideRange;
  }

  public boolean lastGroupLost() {
    return lastGroupLost;
  }

  public Behaviour.@Nullable Tampering tampering() {
    return tampering;
  }

  public boolean dateToExclusive() {
    return dateToExclusive;
  }

  public Behaviour.DateOnly dateOnlyTo() {
    return dateOnlyTo;
  }

  public Behaviour.@Nullable RangeRule dayRangeRule() {
    return dayRangeRule;
  }

  public boolean longWeekRefused() {
    return longWeekRefused;
  }

  public List<SimulatorToken> tokens() {
    return tokens;
  }

  public Behaviour.Refusal foreignSite() {
    return foreignSite;
  }

  public Behaviour.Refusal listingSites() {
    return listingSites;
  }

  public boolean zoneInSites() {
    return zoneInSites;
  }

  public boolean domainsInSites() {
    return domainsInSites;
  }

  public @Nullable Integer milestonesRefused() {
    return milestonesRefused;
  }

  public boolean hasMoreAlways() {
    return hasMoreAlways;
  }

  public boolean currentVisitorsAsStrings() {
    return currentVisitorsAsStrings;
  }

  public Quota reportsQuota() {
    return reportsQuota;
  }

  public Quota accountQuota() {
    return accountQuota;
  }

  public int inFlightLimit() {
    return inFlightLimit;
  }

  public Behaviour.RetryAfter retryAfter() {
    return retryAfter;
  }

  public Behaviour.@Nullable Closure closure() {
    return closure;
  }

  public boolean rateLimitHeaders() {
    return rateLimitHeaders;
  }

  public boolean gzip() {
    return gzip;
  }

  public boolean chunked() {
    return chunked;
  }

  public Duration firstOfShapeDelay() {
    return firstOfShapeDelay;
  }

  public List<FaultRule> faults() {
    return faults;
  }

  public List<Behaviour.Change> changes() {
    return changes;
  }
}
