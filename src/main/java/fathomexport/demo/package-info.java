/** The demo for newcomers: a simulated API, a real database, and the data exported into it. */
@NullMarked
package fathomexport.demo;

import org.jspecify.annotations.NullMarked;
