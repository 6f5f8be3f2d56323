package fathomexport.api.answer;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ErrorWordsTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "401 | {\"error\":\"Unauthenticated.\"} | CREDENTIALS | Unauthenticated.",
        "403 | Forbidden | PERMISSION | Forbidden",
        "404 | {\"message\":\"Not Found\"} | NOT_FOUND | Not Found",
        "410 | {} | NOT_FOUND | {}",
        "400 | {\"error\":\"This token does not have permission\"} | PERMISSION | This token does not have permission",
        "400 | {\"error\":\"Your subscription has lapsed\"} | SUBSCRIPTION | Your subscription has lapsed",
        "403 | {\"error\":\"The account has no active subscription.\"} | SUBSCRIPTION | The account has no active subscription.",
        "402 | {\"error\":\"Payment Required\"} | SUBSCRIPTION | Payment Required",
        "402 | {} | SUBSCRIPTION | {}",
        "403 | {\"error\":\"Your subscription does not include this\"} | PERMISSION | Your subscription does not include this",
        "400 | {\"errors\":{\"site_id\":[\"is invalid\"]}} | PERMISSION | site_id: is invalid",
        "422 | {\"errors\":{\"entity_id\":[\"no\",\"no!\"]}} | PERMISSION | entity_id: no, no!",
        "400 | {\"errors\":{\"date_grouping\":[\"Hour grouping is only supported for date ranges of up to 7 days\"]}} | RANGE | date_grouping: Hour grouping is only supported for date ranges of up to 7 days",
        "400 | {\"errors\":{\"date_from\":[\"too early\"]}} | RANGE | date_from: too early",
        "422 | {\"error\":\"The range must not exceed 6 months\"} | RANGE | The range must not exceed 6 months",
        "400 | {\"errors\":{\"aggregates\":[\"The selected aggregates is invalid.\"]}} | PARAMETERS | aggregates: The selected aggregates is invalid.",
        "422 | {\"message\":\"incompatible fields\"} | PARAMETERS | incompatible fields",
        "422 | {\"message\":\"given data\",\"errors\":{\"limit\":[\"too high\"]}} | LIMIT | limit: too high",
        "400 | {\"error\":\"The limit must not be greater than 1000.\"} | LIMIT | The limit must not be greater than 1000.",
        "400 | {\"error\":\"Maximum of 1,000 rows\"} | LIMIT | Maximum of 1,000 rows",
        "422 | {\"error\":\"per_page may not exceed 500\"} | LIMIT | per_page may not exceed 500",
        "400 | {\"error\":\"results: at most 100\"} | LIMIT | results: at most 100",
        "400 | {\"error\":\"limit out of range\"} | LIMIT | limit out of range",
        "400 | {\"error\":\"The date range limit is 7 days\"} | RANGE | The date range limit is 7 days",
        "400 | {\"error\":\"Rate limit of this plan\"} | PARAMETERS | Rate limit of this plan",
        "400 | {\"error\":\"Syntax error, unexpected token in filters\"} | PARAMETERS | Syntax error, unexpected token in filters",
        "422 | {\"error\":\"This exceeds the limit of 1000 rows; your token budget allows more with another subscription\"} | LIMIT | This exceeds the limit of 1000 rows; your token budget allows more with another subscription",
        "400 | {\"errors\":{\"limit\":[\"forbidden above 1000\"]}} | LIMIT | limit: forbidden above 1000",
        "400 | {\"error\":\"Your subscription allows a date range of 6 months\"} | RANGE | Your subscription allows a date range of 6 months",
        "422 | {\"errors\":{\"date_from\":[\"not authorized before 2024\"]}} | RANGE | date_from: not authorized before 2024",
        "400 | {\"error\":\"This report is forbidden\"} | PERMISSION | This report is forbidden",
        "405 | {\"error\":{\"message\":\"no\"}} | OTHER | no",
        "413 | | OTHER | (no error message)",
      })
  void classifies(
      int status, @org.jspecify.annotations.Nullable String body, Refusal refusal, String words) {
    ErrorWords read = ErrorWords.of(body == null ? "" : body);
    assertThat(read.refusal(status)).isEqualTo(refusal);
    assertThat(read.words()).isEqualTo(words);
  }

  @Test
  void pagesAreStrippedToTheirTextAndShortened() {
    ErrorWords read =
        ErrorWords.of(
            "<!DOCTYPE html><html><head><title>t</title><style>b{}</style></head><body>\n<h1>Bad\u001b[31m"
                + " gateway</h1><script>x()</script>"
                + "<p>"
                + "word ".repeat(500)
                + "</body></html>");
    assertThat(read.words()).startsWith("Bad [31m gateway word word").endsWith("…");
    assertThat(read.words().length()).isLessThanOrEqualTo(401);
  }

  @Test
  void speaksOfDatesMoreWidelyThanOfARange() {
    assertThat(ErrorWords.of("{\"error\":\"hourly data is limited\"}").mentionsRange()).isTrue();
    assertThat(ErrorWords.of("{\"error\":\"hourly data is limited\"}").refusal(400))
        .isEqualTo(Refusal.PARAMETERS);
    assertThat(ErrorWords.of("{\"error\":\"unknown browser\"}").mentionsRange()).isFalse();
  }
}
