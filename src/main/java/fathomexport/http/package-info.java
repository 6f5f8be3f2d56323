/**
 * The one place that creates HTTP clients: for the API, for lineage and for notifications alike,
 * with the proxy that the environment names and the certificate authorities that the settings name.
 * Start at {@link fathomexport.http.HttpClients}.
 */
@NullMarked
package fathomexport.http;

import org.jspecify.annotations.NullMarked;
