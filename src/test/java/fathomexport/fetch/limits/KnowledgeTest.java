package fathomexport.fetch.limits;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.ledger.Learned;
import fathomexport.ledger.OffsetSupport;
import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.Entity;
import fathomexport.report.Field;
import fathomexport.report.QueryShape;
import fathomexport.report.SiteId;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What a run learns about the API is known to the next one, if it is of the same account. */
class KnowledgeTest {
  private static final QueryShape PAGES = shape(Field.PATHNAME);
  private static final QueryShape CITIES = shape(Field.CITY);
  private static final String OTHER = "theirs";

  @RegisterExtension final Lessons lessons = new Lessons();
  private Knowledge knowledge;

  private static QueryShape shape(Field field) {
    return new QueryShape(
        Entity.PAGEVIEW, List.of(Aggregate.PAGEVIEWS), DateGrouping.DAY, List.of(field), List.of());
  }

  @BeforeEach
  void begin() {
    knowledge = lessons.ofARun();
  }

  @Test
  void nothingIsKnownInTheBeginning() {
    assertThat(lessons.stored()).isEqualTo(Learned.NOTHING);
    assertThat(knowledge.limit(PAGES.key(), 1_000)).isEqualTo(1_000);
    assertThat(knowledge.ranges().maxDays(PAGES, 180)).isEqualTo(180);
    assertThat(knowledge.learnedLimit(PAGES.key())).isZero();
    assertThat(knowledge.ranges().learned(DateGrouping.DAY)).isZero();
    assertThat(knowledge.offsetIsUnknown()).isTrue();
    assertThat(knowledge.mayUseOffset()).isTrue();
  }

  @Test
  void limitsAndOffsetsAreThoseOfTheAccount() {
    knowledge.limitRefused(PAGES.key(), 500, "too many");
    knowledge.learnOffset(OffsetSupport.IGNORED);

    Knowledge next = lessons.ofARun();
    Knowledge others = lessons.ofARun(OTHER, false);

    assertThat(next.limit(PAGES.key(), 1_000)).isEqualTo(500);
    assertThat(next.limit(PAGES.key(), 100)).as("never above the configured one").isEqualTo(100);
    assertThat(next.limit(CITIES.key(), 1_000)).as("most likely refused, too").isEqualTo(500);
    assertThat(next.mayUseOffset()).isFalse();
    assertThat(next.offsetIsUnknown()).isFalse();
    assertThat(others.limit(PAGES.key(), 1_000)).isEqualTo(1_000);
    assertThat(others.mayUseOffset()).isTrue();
    assertThat(others.offsetIsUnknown()).isTrue();
  }

  @Test
  void rangesAndTheRowCapHoldForAllAccounts() {
    knowledge.ranges().refused(PAGES, 45, "too wide");
    knowledge.rowsCapped(250);

    Knowledge others = lessons.ofARun(OTHER, false);

    assertThat(others.ranges().maxDays(PAGES, 180)).isEqualTo(45);
    assertThat(others.ranges().maxDays(PAGES, 30)).isEqualTo(30);
    assertThat(others.ranges().maxDays(CITIES, 180)).isEqualTo(180);
    assertThat(others.limit(CITIES.key(), 1_000)).isEqualTo(250);
  }

  @Test
  void aShapeWhoseConfiguredLimitWasAcceptedKeepsIt() {
    knowledge.limitAccepted(CITIES.key(), 1_000);
    knowledge.limitRefused(PAGES.key(), 500, "too many");
    assertThat(knowledge.limit(CITIES.key(), 1_000)).isEqualTo(1_000);
    assertThat(knowledge.limit(CITIES.key(), 1_001)).as("not known").isEqualTo(500);
    assertThat(knowledge.acceptsLimit(1_000)).isTrue();
    assertThat(knowledge.acceptsLimit(1_001)).isFalse();
  }

  @Test
  void aLowerLimitIsForgottenOnceAHigherOneIsAcceptedAgain() {
    knowledge.limitRefused(PAGES.key(), 500, "too many");

    Knowledge same = lessons.ofARun();
    same.limitAccepted(PAGES.key(), 1_000);
    assertThat(lessons.ofARun().limit(PAGES.key(), 1_000))
        .as("it did not test that")
        .isEqualTo(500);

    Knowledge testing = lessons.ofARun(Lessons.ACCOUNT, true);
    assertThat(testing.limit(PAGES.key(), 1_000)).isEqualTo(1_000);
    testing.limitAccepted(PAGES.key(), 500);
    assertThat(lessons.stored().limits()).as("not higher").hasSize(1);
    testing.limitAccepted(PAGES.key(), 501);
    assertThat(lessons.stored().limits()).isEmpty();
    assertThat(lessons.ofARun().limit(PAGES.key(), 1_000)).isEqualTo(1_000);
  }

  /** The second refusal is evidence, unless a limit as high was accepted between the two. */
  @Test
  void aLimitIsSuspectedUntilOneAsHighIsAccepted() {
    assertThat(knowledge.limitSuspected(1_000)).isFalse();
    knowledge.limitAccepted(PAGES.key(), 999);
    assertThat(knowledge.limitSuspected(1_000)).isTrue();
    knowledge.limitAccepted(PAGES.key(), 1_000);
    assertThat(knowledge.limitSuspected(1_000)).isFalse();
    knowledge.limitRefused(PAGES.key(), 500, "too many");
    assertThat(lessons.ofARun().limitSuspected(1_000)).as("an earlier run saw one").isTrue();
  }

  @Test
  void offsetIsForgottenWhenItNoLongerHolds() {
    knowledge.learnOffset(OffsetSupport.HONOURED);
    assertThat(lessons.ofARun().mayUseOffset()).isTrue();
    knowledge.doubtOffset();
    assertThat(knowledge.mayUseOffset()).as("no longer in this run").isFalse();
    assertThat(lessons.ofARun().mayUseOffset()).as("a doubt is not stored").isTrue();
    knowledge.forgetOffset();
    assertThat(lessons.ofARun().offsetIsUnknown()).isTrue();
  }

  /** One site may have a cause of its own; two of them show that it is not the site. */
  @Test
  void aHopelessRefusalIsThatOfItsSiteOrOfTwoOthers() {
    knowledge.hopeless(PAGES.key(), new SiteId("A"), "no");
    assertThat(knowledge.isHopeless(PAGES.key(), new SiteId("A"), "no")).isTrue();
    assertThat(knowledge.isHopeless(PAGES.key(), new SiteId("A"), "never")).isFalse();
    assertThat(knowledge.isHopeless(CITIES.key(), new SiteId("A"), "no")).isFalse();
    assertThat(knowledge.isHopeless(PAGES.key(), new SiteId("C"), "no")).isFalse();
    knowledge.hopeless(PAGES.key(), new SiteId("B"), "no");
    assertThat(knowledge.isHopeless(PAGES.key(), new SiteId("C"), "no")).isTrue();
  }

  /** A cap lies at the most rows of a response or above, as far as this run has seen. */
  @Test
  void theLongestResponseOfTheRunDecidesWhatMayBeACap() {
    knowledge.sawRows(40);
    knowledge.sawRows(30);
    assertThat(knowledge.mayBeCap(39)).isFalse();
    assertThat(knowledge.mayBeCap(40)).isTrue();
    assertThat(lessons.stored().mostRows()).as("only at the end").isZero();
    knowledge.close();
    assertThat(lessons.stored().mostRows()).isEqualTo(40);

    Knowledge next = lessons.ofARun();
    assertThat(next.mayBeCap(1)).as("one row is no tail").isFalse();
    assertThat(next.mayBeCap(2)).as("the API may have a cap since").isTrue();
    next.sawRows(39);
    next.close();
    assertThat(lessons.stored().mostRows()).as("the longest so far").isEqualTo(40);
  }
}
