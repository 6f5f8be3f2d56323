package fathomexport.report;

import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/**
 * An event of a site as the API lists it.
 *
 * @param name the stored form of the name, see {@link StoredText}
 * @param currency the currency of the event's value, as three capital letters; null if the API does
 *     not report it
 */
public record SiteEvent(String name, @Nullable String currency) implements Serializable {}
