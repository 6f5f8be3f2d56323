package fathomexport.testing;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The numbers in a page of {@code describe --format dashboard}, as its script reads them. */
public final class DashboardData {
  private static final Pattern DATA =
      Pattern.compile("<script type=\"application/json\" id=\"data\">([^<]*)</script>");

  private DashboardData() {}

  /** Returns the page's data. */
  public static ObjectNode of(String page) throws IOException {
    Matcher found = DATA.matcher(page);
    assertThat(found.find()).as("the page has data").isTrue();
    return (ObjectNode) new ObjectMapper().readTree(found.group(1));
  }

  /** Returns the page's data without where it comes from. */
  public static ObjectNode withoutSource(String page) throws IOException {
    ObjectNode data = of(page);
    assertThat(data.required("source").textValue()).isNotBlank();
    return data.without("source");
  }

  /** Returns what the page has of a site; of all sites together for the empty id. */
  public static JsonNode site(JsonNode data, String id) {
    for (JsonNode site : data.required("sites")) {
      if (site.required("id").textValue().equals(id)) {
        return site;
      }
    }
    throw new AssertionError("the page has no site '" + id + "'");
  }
}
