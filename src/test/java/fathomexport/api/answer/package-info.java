@NullMarked
package fathomexport.api.answer;

import org.jspecify.annotations.NullMarked;
