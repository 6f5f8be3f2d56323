@NullMarked
package fathomexport.report.rows;

import org.jspecify.annotations.NullMarked;
