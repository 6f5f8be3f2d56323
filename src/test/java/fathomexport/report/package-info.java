@NullMarked
package fathomexport.report;

import org.jspecify.annotations.NullMarked;
