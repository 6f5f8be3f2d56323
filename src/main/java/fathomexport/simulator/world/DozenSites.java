package fathomexport.simulator.world;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.zone.ZoneOffsetTransition;
import java.time.zone.ZoneRules;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** Creates the world of {@link World#dozen}. */
final class DozenSites {
  /**
   * The traffic of one site.
   *
   * @param visitsADay approximate number of visits per day
   * @param quietDays share of days without any traffic, 0 to 1
   */
  private record Plan(
      String id,
      String name,
      String zone,
      String domain,
      int visitsADay,
      double quietDays,
      List<String> events) {}

  private static final String ODD_EVENT = "köp \"allt\" / 50% – ✓";

  private static final List<Plan> PLANS =
      List.of(
          new Plan(
              World.BUSY_SITE,
              "Rheinkaffee",
              "Europe/Berlin",
              "rheinkaffee.example",
              130,
              0,
              List.of("purchase", "newsletter signup", ODD_EVENT)),
          new Plan(
              World.BURST_SITE,
              "Hudson Press",
              "America/New_York",
              "hudsonpress.example",
              24,
              0,
              List.of("subscribe", "purchase")),
          new Plan(
              "SPLJHVXA",
              "Loja do Vale",
              "America/Sao_Paulo",
              "lojadovale.example",
              14,
              0.05,
              List.of("compra", "newsletter signup")),
          new Plan(
              "INDCRFTS",
              "Pune Crafts",
              "Asia/Kolkata",
              "punecrafts.example",
              18,
              0,
              List.of("purchase")),
          new Plan(
              "KTMTRAIL",
              "Trek Diary",
              "Asia/Kathmandu",
              "trekdiary.example",
              3,
              0.4,
              List.of("newsletter signup")),
          new Plan(
              "LHIWBIRD",
              "Island Birds",
              "Australia/Lord_Howe",
              "islandbirds.example",
              3,
              0.35,
              List.of()),
          new Plan(
              "APIAREEF",
              "Apia Reef",
              "Pacific/Apia",
              "apiareef.example",
              2,
              0.5,
              List.of("booking")),
          new Plan(
              "CAIRNLGT",
              "Nile Lights",
              "Africa/Cairo",
              "nilelights.example",
              9,
              0.1,
              List.of("booking", "booking", "never done")),
          new Plan(
              "UTCSTATS", "Status Board", "UTC", "statusboard.example", 10, 0, List.of("download")),
          new Plan(
              "LAXSURFR",
              "Surf Report",
              "America/Los_Angeles",
              "surfreport.example",
              12,
              0,
              List.of("purchase", "lesson booked")),
          new Plan(
              "LDNBOOKS",
              "Book Lane",
              "Europe/London",
              "booklane.example",
              10,
              0.1,
              List.of("purchase")),
          new Plan(
              World.EMPTY_SITE,
              "Nothing Yet",
              "Europe/Madrid",
              "nothingyet.example",
              0,
              1,
              List.of("purchase")));

  private static final String[] PAGES = {
    "/",
    "/",
    "/",
    "/about",
    "/pricing",
    "/contact",
    "/login",
    "/register",
    "/blog/",
    "/blog/2026/03/first-light",
    "/blog/2026/04/what-we-learned",
    "/products/mug/",
    "/products/kettle/",
    "/products/grinder/",
    "/checkout",
    "/thanks",
    "/docs/api",
    "/docs/start"
  };

  /** Names that break careless quoting, patterns, keys or columns. */
  private static final String[] ODD_PAGES = {
    "/it's \"quoted\"",
    "/a*b",
    "/a**b",
    "/regex/(.*)[a-z]+$^|{2}?",
    "/back\\slash\\",
    "/100%_like",
    "/日本語/ページ",
    "/🎉/emoji",
    "/straße/ÜBER",
    "/strasse/UBER",
    "/cafe\u0301",
    "/caf\u00e9",
    "/About",
    "/trailing ",
    "/tab\there",
    "/line\nbreak",
    "/NULL",
    "/\\N",
    "",
    "null",
    "/semi;colon,comma",
    "/$1${x}",
    "/<script>&amp;",
    "/.",
    "/..",
    "/long/" + "x".repeat(3994),
    "/long/" + "x".repeat(3993) + "y",
    "/{\"json\":[1]}",
    "/\u00a0nbsp",
    "/\u202ertl",
    "/q?a=1&b=2#f"
  };

  private static final String[][] PLACES = {
    {"DE", "Berlin", "Berlin", "Europe"}, {"DE", "Köln", "North Rhine-Westphalia", "Europe"},
    {"US", "New York", "New York", "Americas"}, {"US", "Los Angeles", "California", "Americas"},
    {"GB", "London", "England", "Europe"}, {"BR", "São Paulo", "São Paulo", "Americas"},
    {"IN", "Pune", "Maharashtra", "Asia"}, {"NP", "Kathmandu", null, "Asia"},
    {"AU", "Sydney", "New South Wales", "Oceania"}, {"WS", null, null, "Oceania"},
    {"EG", "Cairo", "Cairo Governorate", "Africa"}, {null, null, null, null}
  };
  private static final String[][] DEVICES = {
    {"Desktop", "Chrome", "Windows"},
    {"Desktop", "Firefox", "Linux"},
    {"Desktop", "Safari", "macOS"},
    {"Mobile", "Safari", "iOS"},
    {"Mobile", "Chrome", "Android"},
    {"Tablet", "Safari", "iOS"},
    {"Desktop", null, null}
  };
  private static final String[][] REFERRERS = {
    {null, null, null},
    {null, null, null},
    {"", "", ""},
    {"https://t.co", "/aBcD", "Twitter"},
    {"https://www.google.com", "/", "Google"},
    {"https://duckduckgo.com", null, "DuckDuckGo"},
    {"https://news.ycombinator.com", "/item", "Hacker News"},
    {"https://reddit.com", "/r/coffee", "Reddit"},
    {"http://blog.example", "/über/uns", null}
  };
  private static final String[][] CAMPAIGNS = {
    {"spring sale", "banner \"A\"", "cpc", "google", "coffee beans"},
    {"newsletter-12", null, "email", "newsletter", null},
    {"", "", "", "", ""},
    {"été", "b", "social", "mastodon", "caf\u00e9"}
  };
  private static final String[] KEYWORDS = {"coffee", "grinder manual", "何か", ""};
  private static final String[] REFS = {"partner-7", "footer", ""};

  private final long seed;
  private final LocalDate from;
  private final LocalDate to;
  private final int burstPages;
  private long nextVisit = 1;

  DozenSites(long seed, LocalDate from, LocalDate to, int burstPages) {
    if (to.isBefore(from)) {
      throw new IllegalArgumentException(
          "the range ends (" + to + ") before it starts (" + from + ")");
    }
    if (burstPages < 0) {
      throw new IllegalArgumentException("burstPages must not be negative: " + burstPages);
    }
    this.seed = seed;
    this.from = from;
    this.to = to;
    this.burstPages = burstPages;
  }

  World build() {
    World world = World.empty();
    Instant created = Instant.parse("2021-04-01T08:00:00Z");
    for (Plan plan : PLANS) {
      world.addSite(new SimulatedSite(plan.id(), plan.name(), ZoneId.of(plan.zone()), created));
      created = created.plus(Duration.ofDays(40));
      for (String event : plan.events()) {
        world.addEvent(plan.id(), event);
      }
      Traffic traffic = new Traffic(plan, new SplittableRandom(seed * 31 + plan.id().hashCode()));
      traffic.make();
      world.addPageViews(plan.id(), traffic.pageViews);
      world.addConversions(plan.id(), traffic.conversions);
    }
    return world;
  }

  /** The records of one site under construction. */
  private final class Traffic {
    private final Plan plan;
    private final ZoneId zone;
    private final SplittableRandom random;
    private final List<PageView> pageViews = new ArrayList<>();
    private final List<Conversion> conversions = new ArrayList<>();

    private Traffic(Plan plan, SplittableRandom random) {
      this.plan = plan;
      this.zone = ZoneId.of(plan.zone());
      this.random = random;
    }

    private void make() {
      if (plan.visitsADay() == 0) {
        return;
      }
      for (LocalDate day = from; !day.isAfter(to); day = day.plusDays(1)) {
        boolean edge = day.equals(from) || day.equals(to);
        if (!edge && random.nextDouble() < plan.quietDays()) {
          continue;
        }
        int visits = 1 + random.nextInt(2 * plan.visitsADay());
        for (int i = 0; i < visits; i++) {
          visit(instantWithin(day));
        }
        if (edge) {
          visit(day.atStartOfDay(zone).toInstant());
          visit(day.plusDays(1).atStartOfDay(zone).toInstant().minusSeconds(30));
        }
      }
      aroundTransitions();
      if (plan.id().equals(World.BURST_SITE)) {
        burst(World.burstDay(from, to));
      }
    }

    private Instant instantWithin(LocalDate day) {
      Instant start = day.atStartOfDay(zone).toInstant();
      Instant end = day.plusDays(1).atStartOfDay(zone).toInstant();
      return start.plusSeconds(random.nextLong(Duration.between(start, end).toSeconds()));
    }

    /** Adds visits on both sides of every clock change, in both passes of a repeated hour. */
    private void aroundTransitions() {
      ZoneRules rules = zone.getRules();
      Instant end = to.plusDays(1).atStartOfDay(zone).toInstant();
      ZoneOffsetTransition next = rules.nextTransition(from.atStartOfDay(zone).toInstant());
      while (next != null && next.getInstant().isBefore(end)) {
        for (int minutes = -90; minutes <= 90; minutes += 15) {
          visit(next.getInstant().plus(Duration.ofMinutes(minutes)));
        }
        next = rules.nextTransition(next.getInstant());
      }
    }

    private void visit(Instant start) {
      long id = nextVisit++;
      @Nullable String[] visitor = visitor();
      int pages = random.nextDouble() < 0.45 ? 1 : 2 + random.nextInt(4);
      Set<String> seen = new HashSet<>();
      Instant at = start;
      for (int i = 0; i < pages; i++) {
        at = offTheLastSecond(at);
        if (LocalDateTime.ofInstant(at, zone).toLocalDate().isAfter(to)) {
          return;
        }
        @Nullable String[] values = visitor.clone();
        String path = page();
        values[Dimension.PATHNAME.column()] = path;
        FieldValues fields = new FieldValues(values);
        boolean last = i == pages - 1;
        int seconds = 2 + random.nextInt(400);
        Integer duration = last && random.nextInt(4) != 0 ? null : (Integer) seconds;
        pageViews.add(new PageView(id, at, fields, i == 0, seen.add(path), pages == 1, duration));
        if (!plan.events().isEmpty() && random.nextInt(12) == 0) {
          convert(id, at, fields);
        }
        at = at.plusSeconds(seconds);
      }
    }

    private void convert(long visit, Instant at, FieldValues fields) {
      String event = plan.events().get(random.nextInt(plan.events().size()));
      if (event.equals("never done")) {
        return;
      }
      Long cents = random.nextInt(5) == 0 ? null : (Long) (long) random.nextInt(25_000);
      conversions.add(new Conversion(visit, at, event, fields, true, cents));
      if (random.nextInt(4) == 0) {
        conversions.add(new Conversion(visit, at, event, fields, false, cents));
      }
    }

    private String page() {
      return random.nextInt(14) == 0
          ? ODD_PAGES[random.nextInt(ODD_PAGES.length)]
          : PAGES[random.nextInt(PAGES.length)];
    }

    private @Nullable String[] visitor() {
      @Nullable String[] values = new String[Dimension.values().length];
      values[Dimension.HOSTNAME.column()] =
          random.nextInt(6) == 0 ? "shop." + plan.domain() : plan.domain();
      put(
          values,
          REFERRERS,
          Dimension.REFERRER_HOSTNAME,
          Dimension.REFERRER_PATHNAME,
          Dimension.REFERRER_SOURCE);
      put(values, DEVICES, Dimension.DEVICE_TYPE, Dimension.BROWSER, Dimension.OPERATING_SYSTEM);
      put(
          values,
          PLACES,
          Dimension.COUNTRY_CODE,
          Dimension.CITY,
          Dimension.STATE,
          Dimension.REGION);
      if (random.nextInt(5) == 0) {
        put(
            values,
            CAMPAIGNS,
            Dimension.UTM_CAMPAIGN,
            Dimension.UTM_CONTENT,
            Dimension.UTM_MEDIUM,
            Dimension.UTM_SOURCE,
            Dimension.UTM_TERM);
      }
      if (random.nextInt(6) == 0) {
        values[Dimension.KEYWORD.column()] = KEYWORDS[random.nextInt(KEYWORDS.length)];
      }
      if (random.nextInt(9) == 0) {
        values[Dimension.REF.column()] = REFS[random.nextInt(REFS.length)];
      }
      return values;
    }

    private void put(@Nullable String[] values, String[][] choices, Dimension... fields) {
      @Nullable String[] choice = choices[random.nextInt(choices.length)];
      for (int i = 0; i < fields.length; i++) {
        values[fields[i].column()] = choice[i];
      }
    }

    /**
     * Adds the traffic of a day on which an archive is crawled: every page once, from many places.
     */
    private void burst(LocalDate day) {
      for (int i = 0; i < burstPages; i++) {
        @Nullable String[] values = visitor();
        values[Dimension.PATHNAME.column()] = burstPage(i);
        Instant at = offTheLastSecond(instantWithin(day));
        Integer duration = i % 3 == 0 ? null : (Integer) (1 + i % 90);
        pageViews.add(
            new PageView(
                nextVisit++, at, new FieldValues(values), true, true, i % 2 == 0, duration));
      }
    }

    private String burstPage(int i) {
      return switch (i % 50) {
        case 0 -> "/archive/" + i + "/ünïcode/日本";
        case 1 -> "/Archive/" + i;
        case 2 -> "/archive/(" + i + ")*.html";
        case 3 -> "archive/" + i;
        default -> "/archive/" + (1850 + i % 170) + "/article-" + i;
      };
    }

    private Instant offTheLastSecond(Instant at) {
      LocalTime time = LocalDateTime.ofInstant(at, zone).toLocalTime();
      boolean lastSecond = time.toSecondOfDay() == 86_399;
      return lastSecond ? at.atOffset(ZoneOffset.UTC).toInstant().minusSeconds(1) : at;
    }
  }
}
