package fathomexport.api;

import java.util.List;

/**
 * A list of the API, all pages of it.
 *
 * @param found what its usable records say, in the API's order
 * @param odd one line for each record that cannot be used; it names the record and what is wrong
 */
public record Listed<T>(List<T> found, List<String> odd) {
  public Listed {
    found = List.copyOf(found);
    odd = List.copyOf(odd);
  }
}
