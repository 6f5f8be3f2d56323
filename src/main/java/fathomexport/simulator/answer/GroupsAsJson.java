package fathomexport.simulator.answer;

import fathomexport.simulator.answer.AggregationQuery.Grouping;
import fathomexport.simulator.behaviour.Behaviour;
import java.io.ByteArrayOutputStream;
import java.math.BigDecimal;
import java.util.List;

/** Writes rows as the API does. */
final class GroupsAsJson {
  private GroupsAsJson() {}

  /** Writes the rows. */
  static Answer of(
      List<Group> groups, AggregationQuery query, Behaviour behaviour, SiteIndex.Column[] columns) {
    byte[][] fieldKeys =
        query.fields().stream()
            .map(f -> Answer.utf8("\"" + f.apiName() + "\":"))
            .toArray(byte[][]::new);
    byte[][] aggregateKeys =
        query.aggregates().stream().map(a -> Answer.utf8("\"" + a + "\":")).toArray(byte[][]::new);
    ByteArrayOutputStream out = new ByteArrayOutputStream(64 + groups.size() * 128);
    if (behaviour.oldEnvelope()) {
      out.writeBytes(
          Answer.utf8(
              "{\"object\":\"list\",\"url\":\"/v1/aggregations\",\"has_more\":false,\"data\":"));
    }
    out.write('[');
    boolean first = true;
    for (Group group : groups) {
      out.writeBytes(Answer.utf8(first ? "{" : ",{"));
      first = false;
      boolean firstCell = true;
      for (int c = 0; c < fieldKeys.length; c++) {
        comma(out, firstCell);
        firstCell = false;
        out.writeBytes(fieldKeys[c]);
        out.writeBytes(columns[c].json[group.codes[c]]);
      }
      for (int a = 0; a < aggregateKeys.length; a++) {
        comma(out, firstCell);
        firstCell = false;
        out.writeBytes(aggregateKeys[a]);
        out.writeBytes(Answer.utf8(cell(query, query.aggregates().get(a), group, behaviour)));
      }
      if (query.grouping() != Grouping.NONE) {
        out.writeBytes(Answer.utf8(",\"date\":\"" + group.label + "\""));
      }
      out.write('}');
    }
    out.write(']');
    if (behaviour.oldEnvelope()) {
      out.write('}');
    }
    return Answer.json(out.toByteArray(), groups.size());
  }

  private static void comma(ByteArrayOutputStream out, boolean first) {
    if (!first) {
      out.write(',');
    }
  }

  private static String cell(
      AggregationQuery query, String aggregate, Group group, Behaviour behaviour) {
    for (Behaviour.CorruptCell corrupt : behaviour.corruptCells()) {
      if (corrupt.site().equals(query.site().id())
          && corrupt.aggregate().equals(aggregate)
          && group.label.startsWith(corrupt.day().toString())) {
        return JsonLiterals.quote(corrupt.text(), behaviour.asciiJson());
      }
    }
    BigDecimal number = GroupMeasures.number(aggregate, group, behaviour);
    if (number == null) {
      return "null";
    }
    String text = number.signum() == 0 ? "0" : number.stripTrailingZeros().toPlainString();
    boolean bare =
        behaviour.numbersAsJson()
            || (behaviour.bounceRateAsJson() && aggregate.equals("bounce_rate"));
    return bare ? text : "\"" + text + "\"";
  }
}
