/**
 * The answers to control queries that a run knows: those that it was given, and those of earlier
 * runs that the ledger keeps. Start at {@link fathomexport.fetch.control.ControlBook}.
 */
@NullMarked
package fathomexport.fetch.control;

import org.jspecify.annotations.NullMarked;
