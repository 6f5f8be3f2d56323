/** The newcomer's first minute: a simulated API, a real database, and what lands in it. */
@NullMarked
package fathomexport.demo;

import org.jspecify.annotations.NullMarked;
