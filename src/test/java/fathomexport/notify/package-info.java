/** Tests of notifications. */
package fathomexport.notify;
