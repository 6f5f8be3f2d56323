@NullMarked
package fathomexport.sink.postgres.commit;

import org.jspecify.annotations.NullMarked;
