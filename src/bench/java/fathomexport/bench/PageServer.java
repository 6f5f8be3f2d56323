package fathomexport.bench;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Serves {@link BenchRows} as the API would, in a process of its own: every row's JSON is made
 * before the first request, an answer is copied together. Prints its port, and ends when its
 * standard input does.
 */
final class PageServer {
  private final byte[][] days = new byte[BenchRows.DAYS][];
  private final int[][] ends = new int[BenchRows.DAYS][];
  private final byte[][] controls = new byte[BenchRows.DAYS][];
  private final AtomicInteger requests = new AtomicInteger();
  private volatile long firstRequestAt;

  private PageServer() {
    for (int day = 0; day < BenchRows.DAYS; day++) {
      ByteArrayOutputStream json = new ByteArrayOutputStream();
      ends[day] = new int[BenchRows.rowsOf(day)];
      long pageviews = 0;
      for (int i = 0; i < ends[day].length; i++) {
        BenchRows.Row row = BenchRows.row(day, i);
        pageviews += row.pageviews();
        json.writeBytes((i == 0 ? "" : ",").getBytes(StandardCharsets.UTF_8));
        json.writeBytes(row.json().getBytes(StandardCharsets.UTF_8));
        ends[day][i] = json.size();
      }
      days[day] = json.toByteArray();
      controls[day] =
          ("{\"date\":\""
                  + BenchRows.FIRST.plusDays(day)
                  + "\",\"pageviews\":\""
                  + pageviews
                  + "\"}")
              .getBytes(StandardCharsets.UTF_8);
    }
  }

  public static void main(String[] args) throws IOException {
    PageServer pages = new PageServer();
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    ExecutorService threads = Executors.newFixedThreadPool(4);
    server.setExecutor(threads);
    server.createContext("/v1/sites", PageServer::sites);
    server.createContext("/v1/aggregations", pages::aggregations);
    server.createContext("/started", pages::started);
    server.start();
    System.out.println(server.getAddress().getPort());
    while (System.in.read() >= 0) {
      // Until who started it goes.
    }
    server.stop(0);
    threads.shutdown();
  }

  private static void sites(HttpExchange exchange) throws IOException {
    answer(
        exchange,
        List.of(
            "{\"object\":\"list\",\"url\":\"/v1/sites\",\"has_more\":false,\"data\":[{\"id\":\""
                + BenchRows.SITE
                + "\",\"object\":\"site\",\"name\":\"Bench\",\"timezone\":\"UTC\"}]}"));
  }

  /**
   * When the first request for rows came since this was last asked, in milliseconds of the epoch,
   * and how many came.
   */
  private void started(HttpExchange exchange) throws IOException {
    long at = firstRequestAt;
    firstRequestAt = 0;
    answer(exchange, List.of(at + " " + requests.getAndSet(0)));
  }

  private void aggregations(HttpExchange exchange) throws IOException {
    if (firstRequestAt == 0) {
      firstRequestAt = System.currentTimeMillis();
    }
    requests.incrementAndGet();
    Map<String, String> query = new HashMap<>();
    for (String pair : exchange.getRequestURI().getRawQuery().split("&", -1)) {
      String[] parts = pair.split("=", 2);
      query.put(parts[0], URLDecoder.decode(parts[1], StandardCharsets.UTF_8));
    }
    int from = Math.max(0, day(query.getOrDefault("date_from", "")));
    int to = Math.min(BenchRows.DAYS - 1, day(query.getOrDefault("date_to", "")));
    int limit =
        Math.min(
            BenchRows.RESPONSE,
            Integer.parseInt(
                query.getOrDefault("limit", Integer.toString(BenchRows.RESPONSE))));
    boolean grouped = query.containsKey("field_grouping");
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    List<Part> parts = new ArrayList<>();
    int rows = 0;
    for (int day = from; day <= to && rows < limit; day++) {
      if (grouped) {
        int more = Math.min(limit - rows, ends[day].length);
        parts.add(new Part(days[day], ends[day][more - 1]));
        rows += more;
      } else {
        parts.add(new Part(controls[day], controls[day].length));
        rows++;
      }
    }
    long commas = Math.max(0, parts.size() - 1);
    // The length beforehand: the chunks that this server would cut keep both sides busy.
    exchange.sendResponseHeaders(200, 2 + commas + parts.stream().mapToLong(Part::length).sum());
    try (OutputStream out = exchange.getResponseBody()) {
      out.write('[');
      for (int i = 0; i < parts.size(); i++) {
        if (i > 0) {
          out.write(',');
        }
        out.write(parts.get(i).bytes(), 0, parts.get(i).length());
      }
      out.write(']');
    }
  }

  /** The beginning of one day's JSON. */
  @SuppressWarnings("ArrayRecordComponent") // never compared: a page is written as it is
  private record Part(byte[] bytes, int length) {}

  private static int day(String timestamp) {
    return Math.toIntExact(
        ChronoUnit.DAYS.between(BenchRows.FIRST, LocalDate.parse(timestamp.substring(0, 10))));
  }

  private static void answer(HttpExchange exchange, List<String> lines) throws IOException {
    byte[] body = String.join("\n", lines).getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    exchange.sendResponseHeaders(200, body.length);
    try (OutputStream out = exchange.getResponseBody()) {
      out.write(Arrays.copyOf(body, body.length));
    }
  }
}
