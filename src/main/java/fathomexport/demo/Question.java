package fathomexport.demo;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/**
 * A question about the exported data.
 *
 * @param title the question in words
 * @param sql the query, which a user can repeat
 */
record Question(String title, String sql) {
  /**
   * The result of a query.
   *
   * @param header names of the columns
   * @param rows cells as text
   */
  record Answer(List<String> header, List<List<String>> rows) {}

  static final List<Question> ALL =
      List.of(
          new Question(
              "The five most viewed pages of all sites",
              """
              SELECT hostname, pathname, sum(visits) AS entrances, sum(pageviews) AS pageviews
                FROM fathom.pages_daily
               GROUP BY hostname, pathname
               ORDER BY pageviews DESC, hostname, pathname LIMIT 5"""),
          new Question(
              "Where visits come from",
              """
              SELECT coalesce(nullif(referrer_source, ''), nullif(referrer_hostname, ''), '(direct)') AS source,
                     sum(visits) AS visits
                FROM fathom.referrers_daily
               GROUP BY source
               ORDER BY visits DESC, source LIMIT 5"""),
          new Question(
              "Goals, with their value in cents",
              """
              SELECT site_id, event_name, sum(conversions) AS conversions, sum(value) AS value
                FROM fathom.goals_daily
               GROUP BY site_id, event_name
               ORDER BY value DESC, conversions DESC, site_id LIMIT 5"""));

  /** The evidence for the numbers: the number of periods per state. */
  static final Question CERTAINTY =
      new Question(
          "How reliable the numbers are: days per site (or goal), by the evidence for them",
          """
          SELECT report, sum(rows) AS rows, sum(certified) AS certified,
                 sum(uncertified) AS uncertified, sum(incomplete) AS incomplete
            FROM fathom_ops.coverage
           GROUP BY report
           ORDER BY report""");

  /** The pageviews of all sites per day. */
  static final Question TRAFFIC =
      new Question(
          "Pageviews per day, over all sites",
          """
          SELECT date, sum(pageviews) AS pageviews
            FROM fathom.traffic_daily
           GROUP BY date
           ORDER BY date""");

  Answer ask(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet found = statement.executeQuery(sql)) {
      int columns = found.getMetaData().getColumnCount();
      List<String> header = new ArrayList<>();
      for (int i = 1; i <= columns; i++) {
        header.add(found.getMetaData().getColumnLabel(i));
      }
      List<List<String>> rows = new ArrayList<>();
      while (found.next()) {
        List<String> row = new ArrayList<>();
        for (int i = 1; i <= columns; i++) {
          String cell = found.getString(i);
          row.add(cell == null ? "" : cell);
        }
        rows.add(row);
      }
      return new Answer(header, rows);
    }
  }
}
