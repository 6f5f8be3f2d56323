package fathomexport.api;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What a response shows of the way to the API.
 *
 * @param serverTime the server's clock when it answered; null if it did not say
 * @param at this machine's clock at that time
 * @param certificate subject and issuer of the server's certificate; null without TLS
 * @param validUntil end of the certificate's validity; null without TLS
 */
public record Reached(
    @Nullable Instant serverTime,
    Instant at,
    @Nullable String certificate,
    @Nullable Instant validUntil) {}
