package fathomexport.api.answer;

import java.util.List;

/**
 * A list of the API with all its pages.
 *
 * @param found the values of the valid records, in the API's order
 * @param odd one line per invalid record; it names the record and the error
 */
public record Listed<T>(List<T> found, List<String> odd) {
  public Listed {
    found = List.copyOf(found);
    odd = List.copyOf(odd);
  }
}
