package fathomexport.report;

import java.io.Serializable;
import java.time.LocalDate;

/**
 * A note that the owner of a site put on its timeline, such as a launch.
 *
 * @param id the stored form of the API's id
 * @param date the day of the note in the site's time zone
 * @param name the stored form of the note
 */
public record Milestone(String id, LocalDate date, String name) implements Serializable {}
