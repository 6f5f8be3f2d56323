package fathomexport.simulator;

import com.sun.net.httpserver.Headers;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.AbstractList;

/**
 * Dates a response by the simulator's clock. The server of the JDK overwrites the {@code Date} that
 * a handler sets with the system's time. After that, and before it sends the headers, it reads
 * whether they ask to close the connection: this list says that they do not, and sets the date.
 */
final class DatedByClock extends AbstractList<String> {
  private final Headers headers;
  private final InstantSource clock;

  private DatedByClock(Headers headers, InstantSource clock) {
    this.headers = headers;
    this.clock = clock;
  }

  /** Has the headers of a response, which are not sent yet, show the clock's time. */
  static void date(Headers headers, InstantSource clock) {
    headers.put("Connection", new DatedByClock(headers, clock));
  }

  @Override
  public int size() {
    headers.set(
        "Date",
        DateTimeFormatter.RFC_1123_DATE_TIME.format(clock.instant().atOffset(ZoneOffset.UTC)));
    return 0;
  }

  @Override
  public String get(int index) {
    throw new IndexOutOfBoundsException(index);
  }
}
