/**
 * Lists the sites and events of all accounts, at the same time. Start at {@link
 * fathomexport.listing.Accounts}.
 */
@NullMarked
package fathomexport.listing;

import org.jspecify.annotations.NullMarked;
