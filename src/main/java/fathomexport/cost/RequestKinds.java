package fathomexport.cost;

/**
 * The purposes of a task's likely requests.
 *
 * @param control control totals, unless an earlier task queries them
 * @param first first pages of the ranges
 * @param further further pages of the same ranges, which have more rows or are wider than one
 *     response
 * @param partitions partitions of periods that exceed the limit
 */
public record RequestKinds(long control, long first, long further, long partitions) {
  public static final RequestKinds NONE = new RequestKinds(0, 0, 0, 0);

  public long total() {
    return control + first + further + partitions;
  }

  public RequestKinds plus(RequestKinds b) {
    return new RequestKinds(
        control + b.control, first + b.first, further + b.further, partitions + b.partitions);
  }
}
