package fathomexport.run;

import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A site that the API no longer lists although it may still be read by its id. A pipeline with
 * {@code sites: all} does not export it any more, and only its owner knows whether it should.
 */
public record UnlistedSite(String site, @Nullable String name) {
  /** A text names at most so many sites. */
  private static final int NAMED = 10;

  /** Describes such sites in one sentence, with what to do about them. */
  public static String words(String pipeline, List<UnlistedSite> sites) {
    boolean one = sites.size() == 1;
    return (one ? "site " : sites.size() + " sites (")
        + sites.stream()
            .limit(NAMED)
            .map(
                s ->
                    s.site()
                        + (s.name() == null || s.name().isBlank() ? "" : " (" + s.name() + ")"))
            .collect(Collectors.joining(", "))
        + (sites.size() > NAMED ? ", and " + (sites.size() - NAMED) + " more" : "")
        + (one ? " is" : ") are")
        + " no longer in the API's list of sites, but not deleted, so `sites: all` does not export "
        + (one ? "it" : "them")
        + " any more: ask the owner why, or name the sites to export under sites: in pipeline "
        + pipeline;
  }
}
