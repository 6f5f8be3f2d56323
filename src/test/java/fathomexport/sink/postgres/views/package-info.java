@NullMarked
package fathomexport.sink.postgres.views;

import org.jspecify.annotations.NullMarked;
