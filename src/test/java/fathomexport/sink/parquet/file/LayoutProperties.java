package fathomexport.sink.parquet.file;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.report.DateGrouping;
import fathomexport.report.SiteId;
import fathomexport.report.StoredText;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.LocalDate;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** A site's folder: a partition value that readers understand, and nothing that leaves the root. */
class LayoutProperties {
  private static final Path ROOT = Path.of("/warehouse");
  private static final LocalDate DAY = LocalDate.of(2026, 6, 1);

  @Provide
  Arbitrary<SiteId> sites() {
    Arbitrary<String> odd =
        Arbitraries.of(
            "...",
            "../..",
            "/",
            "//etc",
            "\\",
            "%",
            "%~",
            "%2F",
            "%2f",
            "a",
            "A",
            "+",
            "a b",
            "a+b",
            "=",
            "site_id=x",
            "ä",
            "a\u0308",
            "😀",
            "?",
            "~",
            "CON",
            "_fathom",
            "x".repeat(128),
            "x".repeat(127) + "y",
            "ж".repeat(128),
            "/".repeat(100));
    Arbitrary<String> any = Arbitraries.strings().ofMinLength(1).ofMaxLength(128);
    Arbitrary<String> plain = Arbitraries.strings().alpha().numeric().ofLength(6);
    return Arbitraries.oneOf(odd, any, plain)
        .filter(s -> !s.isBlank() && s.codePoints().noneMatch(Character::isISOControl))
        .filter(s -> !s.equals(".") && !s.equals("..") && StoredText.isSendable(s))
        .map(SiteId::new);
  }

  @Property(tries = 3000)
  void aFolderIsOneNameBelowTheReport(@ForAll("sites") SiteId site) {
    Path file = new Layout(ROOT).file("pages_daily", site, DateGrouping.DAY, DAY);

    assertThat(file).isEqualTo(file.normalize());
    assertThat(file.getNameCount()).isEqualTo(5);
    assertThat(file).startsWithRaw(ROOT.resolve("pages_daily"));
    assertThat(file.toString()).endsWith("/month=2026-06/data.parquet");
    assertThat(Layout.siteFolder(site).getBytes(StandardCharsets.UTF_8).length)
        .isLessThanOrEqualTo(255);
    assertThat(Layout.siteFolder(site)).matches("site_id=[A-Za-z0-9%._~-]+");
  }

  @Property(tries = 3000)
  void theIdIsInTheFolderUnlessItIsTooLongOrNoText(@ForAll("sites") SiteId site) {
    String folder = Layout.siteFolder(site).substring("site_id=".length());
    if (!folder.contains("%~")) {
      assertThat(URLDecoder.decode(folder, StandardCharsets.UTF_8)).isEqualTo(site.value());
    }
  }

  @Property(tries = 3000)
  void twoSitesHaveTwoFolders(@ForAll("sites") SiteId one, @ForAll("sites") SiteId other) {
    assertThat(Layout.siteFolder(one).equals(Layout.siteFolder(other)))
        .isEqualTo(one.equals(other));
  }

  @Example
  void whatNeedsNoEscapeIsPlain() {
    assertThat(Layout.siteFolder(new SiteId("CDBUGS"))).isEqualTo("site_id=CDBUGS");
    assertThat(Layout.siteFolder(new SiteId("my-site_1.x~"))).isEqualTo("site_id=my-site_1.x~");
    assertThat(Layout.siteFolder(new SiteId("a b/ä"))).isEqualTo("site_id=a%20b%2F%C3%A4");
  }

  @Example
  void partitionsOfEveryGrouping() {
    Layout layout = new Layout(ROOT);
    SiteId site = new SiteId("CDBUGS");
    LocalDate first = LocalDate.of(2026, 1, 1);
    assertThat(layout.file("r", site, DateGrouping.HOUR, DAY))
        .hasToString("/warehouse/r/site_id=CDBUGS/month=2026-06/data.parquet");
    assertThat(layout.file("r", site, DateGrouping.MONTH, DAY))
        .hasToString("/warehouse/r/site_id=CDBUGS/year=2026/data.parquet");
    assertThat(layout.file("r", site, DateGrouping.YEAR, first))
        .hasToString("/warehouse/r/site_id=CDBUGS/year=2026/data.parquet");
    assertThat(layout.file("r", site, DateGrouping.NONE, DAY))
        .hasToString("/warehouse/r/site_id=CDBUGS/data.parquet");
  }
}
