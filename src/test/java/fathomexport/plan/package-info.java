/** Tests of planning and paging. */
@NullMarked
package fathomexport.plan;

import org.jspecify.annotations.NullMarked;
