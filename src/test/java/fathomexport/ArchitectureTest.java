package fathomexport;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Who may know whom. ARCHITECTURE.md has the same table for people. */
final class ArchitectureTest {
  private static final String ROOT = "fathomexport";

  /** All of our packages, and which others of ours each may use. */
  private static final Map<String, List<String>> MAY_KNOW = mayKnow();

  private static final JavaClasses PRODUCTION =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages(ROOT);

  private static Map<String, List<String>> mayKnow() {
    Map<String, List<String>> all = new LinkedHashMap<>();
    all.put("", List.of("cli", "cli.process", "demo"));
    all.put("cli", List.of("cli.command", "cli.output", "cli.process", "config", "report", "run"));
    all.put("cli.process", List.of("report"));
    all.put(
        "cli.command",
        List.of(
            "cli.output",
            "cli.process",
            "config",
            "cost",
            "dashboard",
            "describe",
            "export",
            "fetch.limits",
            "http",
            "inspect",
            "lineage",
            "listing",
            "notify",
            "report",
            "run",
            "verify"));
    all.put("cli.output", List.of("cli.process", "inspect", "report", "run"));
    all.put("config", List.of("report"));
    all.put("describe", List.of("report", "sink.postgres.views"));
    all.put(
        "dashboard",
        List.of(
            "config",
            "report",
            "report.rows",
            "run",
            "sink",
            "sink.parquet.file",
            "sink.postgres.db",
            "sink.postgres.views"));
    all.put(
        "export",
        List.of(
            "api",
            "api.answer",
            "api.pacing",
            "beam",
            "certify",
            "cluster",
            "config",
            "cost",
            "dimension",
            "fetch",
            "fetch.control",
            "http",
            "inspect",
            "ledger",
            "listing",
            "plan",
            "quota",
            "report",
            "run",
            "sink",
            "sink.parquet.file",
            "sink.postgres",
            "sink.postgres.db",
            "sink.postgres.lease",
            "sinks",
            "verify",
            "window"));
    all.put(
        "beam",
        List.of(
            "api.pacing",
            "cluster",
            "ledger",
            "plan",
            "run",
            "sink",
            "sink.postgres.db",
            "window"));
    all.put(
        "cluster",
        List.of("api", "api.pacing", "ledger", "report", "run", "sink", "sink.postgres.db"));
    all.put(
        "window",
        List.of(
            "api",
            "api.answer",
            "api.pacing",
            "certify",
            "cluster",
            "fetch",
            "fetch.control",
            "fetch.limits",
            "ledger",
            "plan",
            "quota",
            "report",
            "report.rows",
            "run",
            "sink",
            "sinks",
            "typing"));
    all.put(
        "verify",
        List.of(
            "api",
            "api.pacing",
            "certify",
            "config",
            "fetch",
            "fetch.control",
            "fetch.limits",
            "ledger",
            "listing",
            "plan",
            "report",
            "report.rows",
            "run",
            "sink",
            "sinks"));
    all.put(
        "inspect",
        List.of(
            "api.pacing",
            "cost",
            "dimension",
            "fetch.control",
            "fetch.limits",
            "ledger",
            "plan",
            "report",
            "run",
            "sink",
            "sinks"));
    all.put("cost", List.of("fetch.control", "ledger", "plan", "report", "run"));
    all.put("listing", List.of("api", "api.answer", "plan", "report", "run"));
    all.put(
        "fetch",
        List.of(
            "api",
            "api.answer",
            "certify",
            "fetch.control",
            "fetch.limits",
            "fetch.partition",
            "fetch.rows",
            "ledger",
            "plan",
            "report",
            "report.rows",
            "run",
            "typing"));
    all.put("fetch.control", List.of("api", "api.answer", "certify", "ledger", "plan", "report"));
    all.put(
        "fetch.limits",
        List.of(
            "api",
            "api.answer",
            "certify",
            "fetch.rows",
            "ledger",
            "plan",
            "report",
            "report.rows",
            "run",
            "sink",
            "sinks"));
    all.put(
        "fetch.rows",
        List.of("api.answer", "certify", "fetch.partition", "report", "report.rows", "typing"));
    all.put("fetch.partition", List.of("report"));
    all.put("plan", List.of("report"));
    all.put(
        "quota",
        List.of(
            "api",
            "api.pacing",
            "ledger",
            "report",
            "run",
            "sink.postgres.db",
            "sink.postgres.lease"));
    all.put(
        "run",
        List.of(
            "api",
            "api.answer",
            "api.pacing",
            "config",
            "http",
            "ledger",
            "report",
            "sink",
            "sink.parquet.file",
            "sink.postgres.db"));
    all.put(
        "sinks",
        List.of(
            "ledger",
            "report",
            "report.rows",
            "run",
            "sink",
            "sink.parquet",
            "sink.parquet.file",
            "sink.parquet.ledger",
            "sink.postgres",
            "sink.postgres.db"));
    all.put("lineage", List.of("config", "http", "report", "run", "sink", "sink.postgres.db"));
    all.put("notify", List.of("config", "http", "report", "run"));
    all.put("api", List.of("api.answer", "api.pacing", "http", "report"));
    all.put("api.answer", List.of("report"));
    all.put("api.pacing", List.of("report"));
    all.put("http", List.of());
    all.put("typing", List.of("report", "report.rows"));
    all.put("certify", List.of("ledger", "report"));
    all.put("ledger", List.of("report"));
    all.put("dimension", List.of("report"));
    all.put("sink", List.of("dimension", "ledger", "report", "report.rows"));
    all.put(
        "sink.postgres",
        List.of(
            "dimension",
            "ledger",
            "report",
            "report.rows",
            "sink",
            "sink.postgres.commit",
            "sink.postgres.db",
            "sink.postgres.ledger",
            "sink.postgres.schema",
            "sink.postgres.views"));
    all.put("sink.postgres.db", List.of("report", "sink"));
    all.put("sink.postgres.views", List.of("report", "sink.postgres.db"));
    all.put(
        "sink.postgres.schema",
        List.of("report", "sink", "sink.postgres.db", "sink.postgres.views"));
    all.put(
        "sink.postgres.commit",
        List.of(
            "ledger",
            "report",
            "report.rows",
            "sink",
            "sink.postgres.db",
            "sink.postgres.ledger",
            "sink.postgres.schema"));
    all.put("sink.postgres.ledger", List.of("ledger", "report", "sink", "sink.postgres.db"));
    all.put("sink.postgres.lease", List.of("ledger", "report", "sink.postgres.db"));
    all.put(
        "sink.parquet",
        List.of(
            "dimension",
            "ledger",
            "report",
            "report.rows",
            "sink",
            "sink.parquet.commit",
            "sink.parquet.file",
            "sink.parquet.ledger"));
    all.put("sink.parquet.file", List.of("report", "report.rows"));
    all.put("sink.parquet.ledger", List.of("ledger", "report", "sink", "sink.parquet.file"));
    all.put(
        "sink.parquet.commit",
        List.of(
            "ledger", "report", "report.rows", "sink", "sink.parquet.file", "sink.parquet.ledger"));
    all.put("report", List.of());
    all.put("report.rows", List.of("report"));
    all.put(
        "simulator",
        List.of("simulator.answer", "simulator.behaviour", "simulator.truth", "simulator.world"));
    all.put("simulator.answer", List.of("simulator.behaviour", "simulator.world"));
    all.put("simulator.behaviour", List.of("simulator.world"));
    all.put("simulator.truth", List.of("simulator.behaviour", "simulator.world"));
    all.put("simulator.world", List.of());
    all.put(
        "demo",
        List.of(
            "cli",
            "cli.command",
            "cli.output",
            "cli.process",
            "config",
            "simulator",
            "simulator.behaviour",
            "simulator.world"));
    return all;
  }

  /** Libraries that are one package's own affair, and whose. */
  private static Stream<Map.Entry<String, List<String>>> libraries() {
    return Stream.of(
        Map.entry("org.apache.beam..", List.of("beam")),
        Map.entry("okhttp3..", List.of("api", "http", "lineage", "notify")),
        Map.entry("okio..", List.of("api")),
        Map.entry("io.openlineage..", List.of("lineage")),
        Map.entry(
            "org.postgresql..",
            List.of("sink.postgres", "sink.postgres.db", "sink.postgres.commit", "demo")),
        Map.entry("org.flywaydb..", List.of("sink.postgres.schema")),
        Map.entry("io.zonky..", List.of("demo")),
        Map.entry(
            "org.apache.parquet..",
            List.of(
                "sink.parquet", "sink.parquet.file", "sink.parquet.ledger", "sink.parquet.commit")),
        Map.entry(
            "org.apache.hadoop..",
            List.of(
                "sink.parquet", "sink.parquet.file", "sink.parquet.ledger", "sink.parquet.commit")),
        Map.entry("org.snakeyaml..", List.of("beam", "config")),
        Map.entry("picocli..", List.of("cli", "cli.command", "cli.process", "demo")),
        Map.entry("me.tongfei..", List.of("cli.output")),
        Map.entry("ch.qos.logback..", List.of("cli", "cli.output")),
        Map.entry(
            "java.sql..",
            List.of(
                "cluster",
                "dashboard",
                "sink.postgres",
                "sink.postgres.db",
                "sink.postgres.schema",
                "sink.postgres.views",
                "sink.postgres.commit",
                "sink.postgres.ledger",
                "sink.postgres.lease",
                "demo")),
        Map.entry("com.sun.net.httpserver..", List.of("simulator")));
  }

  private static String named(String ours) {
    return ours.isEmpty() ? ROOT : ROOT + "." + ours;
  }

  private static String[] named(Collection<String> ours) {
    return ours.stream().map(ArchitectureTest::named).toArray(String[]::new);
  }

  private static Stream<String> packages() {
    return MAY_KNOW.keySet().stream();
  }

  @Test
  void everyPackageHasItsPlaceInTheTable() {
    assertThat(PRODUCTION.stream().map(JavaClass::getPackageName).distinct())
        .containsExactlyInAnyOrder(named(MAY_KNOW.keySet()));
  }

  @ParameterizedTest(name = "\"{0}\"")
  @MethodSource("packages")
  void packageKnowsOnlyWhatItMay(String name) {
    Stream<String> allowed =
        Stream.concat(Stream.of(name), MAY_KNOW.getOrDefault(name, List.of()).stream());
    noClasses()
        .that()
        .resideInAPackage(named(name))
        .should()
        .dependOnClassesThat(
            resideInAPackage(ROOT + "..").and(not(resideInAnyPackage(named(allowed.toList())))))
        .check(PRODUCTION);
  }

  @ParameterizedTest
  @MethodSource("libraries")
  void libraryIsItsPackagesOwnAffair(Map.Entry<String, List<String>> library) {
    noClasses()
        .that()
        .resideOutsideOfPackages(named(library.getValue()))
        .should()
        .dependOnClassesThat()
        .resideInAPackage(library.getKey())
        .check(PRODUCTION);
  }

  /** A cluster of Flink has version 1 of SLF4J, which lacks them. */
  @Test
  void workersLogByWhatEveryVersionHas() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("org.slf4j.spi", "org.slf4j.event")
        .check(PRODUCTION);
  }

  @Test
  void packagesAreFreeOfCycles() {
    slices().matching(ROOT + ".(**)").should().beFreeOfCycles().check(PRODUCTION);
  }

  @Test
  void nothingStaticChangesButTheRunRegistry() {
    fields().that().areStatic().should().haveModifier(JavaModifier.FINAL).check(PRODUCTION);
    assertThat(
            PRODUCTION.stream()
                .flatMap(c -> c.getFields().stream())
                .filter(f -> f.getModifiers().contains(JavaModifier.STATIC))
                .filter(f -> holdsState(f.getRawType()))
                .map(f -> f.getFullName()))
        .containsExactly("fathomexport.beam.RunRegistry.RUNNING");
  }

  /**
   * Types that exist to be changed; unmodifiable maps and lists are declared by their interface.
   */
  private static boolean holdsState(JavaClass type) {
    return type.getPackageName().startsWith("java.util.concurrent")
        || Stream.of(
                AtomicBoolean.class, AtomicInteger.class, AtomicLong.class, AtomicReference.class)
            .anyMatch(type::isAssignableTo)
        || Arrays.asList("java.util.HashMap", "java.util.ArrayList", "java.util.HashSet")
            .contains(type.getName());
  }

  @Test
  void everyPackageIsNullMarked() {
    classes()
        .that()
        .haveSimpleName("package-info")
        .should()
        .beAnnotatedWith("org.jspecify.annotations.NullMarked")
        .check(PRODUCTION);
  }

  @Test
  void noClassIsNamedForWhatItDoesNotSay() {
    noClasses().should().haveNameMatching(".*(Helper|Utils?|Manager)").check(PRODUCTION);
  }

  /** Names that two public types have, because they are one thing, seen from two packages. */
  private static final List<String> SAME_THING =
      List.of(
          // As the settings describe it, and as a run uses it.
          "Account",
          // Of a table, and of a view.
          "Column",
          // As the API answers it, and as it is stored.
          "Referrer",
          "VisitedPage");

  /**
   * What another package can see has a name that means one thing. Variants are apart: a record that
   * is one of an interface's cases, such as {@code Outcome.Refused}, is always written with its
   * interface. So is the simulator, which must know nothing of what it answers.
   */
  @Test
  void aPublicTypeHasAUniqueName() {
    Map<String, List<String>> named =
        PRODUCTION.stream()
            .filter(type -> isPublic(type) && !isVariant(type))
            .filter(not(resideInAPackage(ROOT + ".simulator..")))
            .collect(
                Collectors.groupingBy(
                    JavaClass::getSimpleName,
                    Collectors.mapping(JavaClass::getName, Collectors.toList())));
    named.values().removeIf(types -> types.size() == 1);
    assertThat(named).containsOnlyKeys(SAME_THING);
  }

  /** A reader who searches for a file finds one. */
  @Test
  void aTopLevelTypeHasAUniqueName() {
    Map<String, List<String>> named =
        PRODUCTION.stream()
            .filter(type -> type.isTopLevelClass() && !type.getSimpleName().equals("package-info"))
            .collect(
                Collectors.groupingBy(
                    JavaClass::getSimpleName,
                    Collectors.mapping(JavaClass::getName, Collectors.toList())));
    named.values().removeIf(types -> types.size() == 1);
    assertThat(named).isEmpty();
  }

  private static boolean isPublic(JavaClass type) {
    return type.getModifiers().contains(JavaModifier.PUBLIC)
        && type.getEnclosingClass().map(ArchitectureTest::isPublic).orElse(true);
  }

  private static boolean isVariant(JavaClass type) {
    return type.getEnclosingClass()
        .filter(outer -> outer.isInterface() && type.isAssignableTo(outer.getName()))
        .isPresent();
  }
}
