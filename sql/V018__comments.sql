-- Comments that a reader of the database understands without other documentation: on every table and view of
-- schemas fathom and fathom_ops, and on each of their columns. Only comments change.

COMMENT ON SCHEMA fathom IS 'Reports of Fathom Analytics, written by fathom-export: one table per report, and tables that describe sites, events and milestones';
COMMENT ON SCHEMA fathom_ops IS 'The records of fathom-export about the rows in schema fathom: the evidence that they are complete, failed attempts, restatements, runs';

COMMENT ON TABLE fathom_ops.report IS 'The reports whose tables in schema fathom were created by fathom-export: one row per report';
COMMENT ON COLUMN fathom_ops.report.report IS 'Name of the report, which is also the name of its table in schema fathom';
COMMENT ON COLUMN fathom_ops.report.entity IS 'What the report counts: pageview or event';
COMMENT ON COLUMN fathom_ops.report.date_grouping IS 'The length of a period of the report: hour, day, month or year; none for reports on whole ranges of days';
COMMENT ON COLUMN fathom_ops.report.grain IS 'The columns that together identify a row of the reports table';
COMMENT ON COLUMN fathom_ops.report.migrated_at IS 'When the table was created or last adapted to the reports definition';

COMMENT ON TABLE fathom_ops.ledger IS 'What is stored of each period, and the evidence that it is complete: one row per report, site, event and period. A period is a day, a month or a year, or the whole range for reports without date grouping. A period without a row was never measured';
COMMENT ON COLUMN fathom_ops.ledger.report IS 'Name of the report, which is also the name of its table in schema fathom';
COMMENT ON COLUMN fathom_ops.ledger.site_id IS 'The site''s id in Fathom';
COMMENT ON COLUMN fathom_ops.ledger.event_name IS 'The event''s name within the site; empty for reports on pageviews';
COMMENT ON COLUMN fathom_ops.ledger.period IS 'First day of the period, in the sites time zone';
COMMENT ON COLUMN fathom_ops.ledger.period_end IS 'Last day of the period';
COMMENT ON COLUMN fathom_ops.ledger.covers_to IS 'Last day that was measured. It is before period_end if the period was not over when it was fetched: the period is then provisional';
COMMENT ON COLUMN fathom_ops.ledger.status IS 'certified: the sums over the rows equal the totals of the control query. uncertified: no control query was possible. incomplete: the sums and the totals differ';
COMMENT ON COLUMN fathom_ops.ledger.stored IS 'Whether the rows of the period are stored. True also for a certified period without rows: it was measured, and there was nothing';
COMMENT ON COLUMN fathom_ops.ledger.rows IS 'Number of rows of the period that were fetched';
COMMENT ON COLUMN fathom_ops.ledger.pageviews_sum IS 'Sum of pageviews over the rows; null if the report does not have this measure';
COMMENT ON COLUMN fathom_ops.ledger.pageviews_control IS 'Pageviews of the period in the control query, which has no field grouping; null if there was no control query';
COMMENT ON COLUMN fathom_ops.ledger.conversions_sum IS 'Sum of conversions over the rows; null if the report does not have this measure';
COMMENT ON COLUMN fathom_ops.ledger.conversions_control IS 'Conversions of the period in the control query; null if there was no control query';
COMMENT ON COLUMN fathom_ops.ledger.value_sum IS 'Sum of value over the rows, in cents; null if the report does not have this measure';
COMMENT ON COLUMN fathom_ops.ledger.value_control IS 'Value of the period in the control query, in cents; null if there was no control query';
COMMENT ON COLUMN fathom_ops.ledger.store_if_absent IS 'Whether the rows of an incomplete period may be stored if no rows of the period are stored yet';
COMMENT ON COLUMN fathom_ops.ledger.reason IS 'Why the period is not certified; null if it is certified';
COMMENT ON COLUMN fathom_ops.ledger.definition IS 'Digest of the reports definition when the rows were fetched. Rows of another definition than the present one are stale';
COMMENT ON COLUMN fathom_ops.ledger.zone IS 'The sites time zone (IANA name) when the rows were fetched; null if the API did not report it';
COMMENT ON COLUMN fathom_ops.ledger.requests IS 'Requests that fetched the window to which the period belongs, without control queries';
COMMENT ON COLUMN fathom_ops.ledger.control_requests IS 'Control queries that were sent for the window; 0 if it used those of another window';
COMMENT ON COLUMN fathom_ops.ledger.splits IS 'Partitions by filters into which periods of the window were split, because they had more rows than one response can contain';
COMMENT ON COLUMN fathom_ops.ledger.window_id IS 'Id of the window with which the period was committed: a report, a site or event, and a range of days';
COMMENT ON COLUMN fathom_ops.ledger.run_id IS 'The run that fetched the rows; see fathom_ops.run';
COMMENT ON COLUMN fathom_ops.ledger.fetched_at IS 'When the rows were fetched. See confirmed_at for when they were last found unchanged';
COMMENT ON COLUMN fathom_ops.ledger.committed_at IS 'When the fetched period was committed, by the clock of the database';
COMMENT ON COLUMN fathom_ops.ledger.rows_digest IS 'Digest of the rows as they were stored, independent of their order. The command verify compares it with the stored rows. Null for periods without rows, and for periods that were fetched by versions that computed no digest';
COMMENT ON COLUMN fathom_ops.ledger.confirmed_at IS 'When a control query last returned the totals that the period is certified against, so that its rows were not fetched again. Null if that has not happened since the rows were fetched';
COMMENT ON COLUMN fathom_ops.ledger.confirmed_run IS 'The run that sent that control query; see fathom_ops.run';
COMMENT ON COLUMN fathom_ops.ledger.control_digest IS 'Digest of all values in the control querys response that the period is certified against. Null if the period is not certified, and for periods that were fetched by versions that computed no digest; the next look-back fetches such periods again';

COMMENT ON TABLE fathom_ops.attempt IS 'Periods whose last export failed: one row per report, site, event and period. The row is deleted when a later export of the period succeeds';
COMMENT ON COLUMN fathom_ops.attempt.report IS 'Name of the report, which is also the name of its table in schema fathom';
COMMENT ON COLUMN fathom_ops.attempt.site_id IS 'The site''s id in Fathom';
COMMENT ON COLUMN fathom_ops.attempt.event_name IS 'The event''s name within the site; empty for reports on pageviews';
COMMENT ON COLUMN fathom_ops.attempt.period IS 'First day of the period, in the sites time zone';
COMMENT ON COLUMN fathom_ops.attempt.period_end IS 'Last day of the period';
COMMENT ON COLUMN fathom_ops.attempt.covers_to IS 'Last day that the failed export was to fetch';
COMMENT ON COLUMN fathom_ops.attempt.reason IS 'Why the export failed';
COMMENT ON COLUMN fathom_ops.attempt.kept IS 'Whether rows of the period from an earlier export remain stored';
COMMENT ON COLUMN fathom_ops.attempt.window_id IS 'Id of the window that failed: a report, a site or event, and a range of days';
COMMENT ON COLUMN fathom_ops.attempt.run_id IS 'The run in which it failed; see fathom_ops.run';
COMMENT ON COLUMN fathom_ops.attempt.at IS 'When it failed';

COMMENT ON TABLE fathom_ops.restatement IS 'Stored periods whose rows were replaced by different ones: per change one row for the number of rows, and one row for each measure whose sum changed';
COMMENT ON COLUMN fathom_ops.restatement.id IS 'Number of the row, in the order of writing';
COMMENT ON COLUMN fathom_ops.restatement.report IS 'Name of the report, which is also the name of its table in schema fathom';
COMMENT ON COLUMN fathom_ops.restatement.site_id IS 'The site''s id in Fathom';
COMMENT ON COLUMN fathom_ops.restatement.event_name IS 'The event''s name within the site; empty for reports on pageviews';
COMMENT ON COLUMN fathom_ops.restatement.day IS 'First day of the period, in the sites time zone';
COMMENT ON COLUMN fathom_ops.restatement.measure IS 'The measure that changed: a column of the reports table, or rows for the number of rows';
COMMENT ON COLUMN fathom_ops.restatement.before IS 'Sum over the rows of the period before the change; null if the rows had no value of this measure';
COMMENT ON COLUMN fathom_ops.restatement.after IS 'Sum over the rows of the period after the change; null if the rows have no value of this measure';
COMMENT ON COLUMN fathom_ops.restatement.restated_at IS 'When the new rows were fetched';
COMMENT ON COLUMN fathom_ops.restatement.run_id IS 'The run that fetched them; see fathom_ops.run';

COMMENT ON TABLE fathom_ops.quarantine IS 'Rows of the APIs responses that were not stored, because a value in them is not of its columns type: one row per response row. Their period is not certified';
COMMENT ON COLUMN fathom_ops.quarantine.id IS 'Number of the row, in the order of writing';
COMMENT ON COLUMN fathom_ops.quarantine.report IS 'Name of the report, which is also the name of its table in schema fathom';
COMMENT ON COLUMN fathom_ops.quarantine.site_id IS 'The site''s id in Fathom';
COMMENT ON COLUMN fathom_ops.quarantine.event_name IS 'The event''s name within the site; empty for reports on pageviews';
COMMENT ON COLUMN fathom_ops.quarantine.window_id IS 'Id of the window that contained the row: a report, a site or event, and a range of days';
COMMENT ON COLUMN fathom_ops.quarantine.run_id IS 'The run that fetched the row; see fathom_ops.run';
COMMENT ON COLUMN fathom_ops.quarantine.at IS 'When the row was fetched';
COMMENT ON COLUMN fathom_ops.quarantine.raw_text IS 'The row as the API returned it, as JSON';
COMMENT ON COLUMN fathom_ops.quarantine.reason IS 'Which value is invalid, and what is allowed';
COMMENT ON COLUMN fathom_ops.quarantine.settled_at IS 'When a later export of the same window succeeded, so that this row needs no action any more; null until then';

COMMENT ON TABLE fathom_ops.run IS 'The runs of pipelines: one row per run of a command that exports, samples or verifies';
COMMENT ON COLUMN fathom_ops.run.run_id IS 'Id of the run, which other tables refer to';
COMMENT ON COLUMN fathom_ops.run.pipeline IS 'Name of the pipeline';
COMMENT ON COLUMN fathom_ops.run.command IS 'The command: run, backfill, snapshot or verify';
COMMENT ON COLUMN fathom_ops.run.started_at IS 'When the run started';
COMMENT ON COLUMN fathom_ops.run.finished_at IS 'When the run ended. Null while it is in progress; it remains null if the run was killed';
COMMENT ON COLUMN fathom_ops.run.exit_code IS 'The exit code of the command; null while finished_at is null';
COMMENT ON COLUMN fathom_ops.run.windows_planned IS 'Windows that the run planned to export, or sites that a snapshot planned to sample; 0 for verify';
COMMENT ON COLUMN fathom_ops.run.windows_committed IS 'Windows that were stored, including unchanged ones';
COMMENT ON COLUMN fathom_ops.run.windows_unchanged IS 'Windows whose stored rows were equal to the fetched ones, so that no row was written';
COMMENT ON COLUMN fathom_ops.run.windows_incomplete IS 'Windows whose rows disagree with the control totals, or contain values of the wrong type, and records of the APIs lists that could not be used';
COMMENT ON COLUMN fathom_ops.run.windows_failed IS 'Windows that failed for another reason';
COMMENT ON COLUMN fathom_ops.run.windows_skipped IS 'Windows that were not fetched, because the run was stopped or its budget was spent';
COMMENT ON COLUMN fathom_ops.run.rows IS 'Rows in the windows that were stored';
COMMENT ON COLUMN fathom_ops.run.quarantined IS 'Rows that were put into fathom_ops.quarantine';
COMMENT ON COLUMN fathom_ops.run.requests IS 'Requests to the quota-limited endpoints. Fathom bills each of them as a pageview';
COMMENT ON COLUMN fathom_ops.run.messages IS 'One line per failure, at most 200 lines';

COMMENT ON TABLE fathom_ops.learned IS 'Limits of the API that were learned from its responses, so that later runs do not spend requests to find them again';
COMMENT ON COLUMN fathom_ops.learned.kind IS 'max_days: the widest range of days that a query is allowed. row_cap: the number of rows at which the API cuts off a response without reporting it. most_rows: the most rows that a response has contained. limit: the largest number of rows that may be requested. offset: whether the parameter offset works';
COMMENT ON COLUMN fathom_ops.learned.shape IS 'The kind of query that the limit applies to, for max_days and limit; otherwise empty';
COMMENT ON COLUMN fathom_ops.learned.number IS 'The limit: days for max_days, rows for row_cap, most_rows and limit; null for offset';
COMMENT ON COLUMN fathom_ops.learned.learned_at IS 'When the limit was last learned';
COMMENT ON COLUMN fathom_ops.learned.account IS 'The account that the limit applies to, for limit and offset; otherwise empty';
COMMENT ON COLUMN fathom_ops.learned.answer IS 'How the API treats the parameter offset. honoured: it works. ignored: the same rows are returned again. refused: the API reports an error. unstable: the order of rows differs between requests. Null for all other kinds';

COMMENT ON TABLE fathom_ops.audit IS 'Results of audits, which fetch rows of a period although the control query confirmed them: the newest audit of each site that found the stored rows, and the newest that found other rows. If a site has a row of the second kind, its look-back is fetched instead of confirmed. To enable confirmation again, delete that row and, if files are written too, the sites entry in _fathom/audits.json';
COMMENT ON COLUMN fathom_ops.audit.site_id IS 'The sites id in Fathom';
COMMENT ON COLUMN fathom_ops.audit.agreed IS 'Whether the fetched rows were equal to the stored ones';
COMMENT ON COLUMN fathom_ops.audit.report IS 'Name of the report whose rows were fetched';
COMMENT ON COLUMN fathom_ops.audit.event_name IS 'The event''s name within the site; empty for reports on pageviews';
COMMENT ON COLUMN fathom_ops.audit.period IS 'First day of the period that was fetched, in the sites time zone';
COMMENT ON COLUMN fathom_ops.audit.audited_at IS 'When the rows were fetched';
COMMENT ON COLUMN fathom_ops.audit.run_id IS 'The run that fetched them; see fathom_ops.run';

COMMENT ON VIEW fathom_ops.coverage IS 'How much of each report is stored, and how reliable it is: one row per report, site and event';
COMMENT ON COLUMN fathom_ops.coverage.report IS 'Name of the report, which is also the name of its table in schema fathom';
COMMENT ON COLUMN fathom_ops.coverage.site_id IS 'The site''s id in Fathom';
COMMENT ON COLUMN fathom_ops.coverage.event_name IS 'The event''s name within the site; empty for reports on pageviews';
COMMENT ON COLUMN fathom_ops.coverage.first_day IS 'First day that is stored';
COMMENT ON COLUMN fathom_ops.coverage.last_day IS 'Last day that is stored';
COMMENT ON COLUMN fathom_ops.coverage.last_certified_day IS 'Last day that is stored and certified';
COMMENT ON COLUMN fathom_ops.coverage.certified IS 'Number of periods (days, months or years) that are stored and certified';
COMMENT ON COLUMN fathom_ops.coverage.uncertified IS 'Number of periods that are stored and for which no control query was possible';
COMMENT ON COLUMN fathom_ops.coverage.incomplete IS 'Number of periods whose sums differ from the control totals, whether their rows are stored or not';
COMMENT ON COLUMN fathom_ops.coverage.provisional IS 'Number of stored periods that were not over when they were fetched';
COMMENT ON COLUMN fathom_ops.coverage.missing_days IS 'Number of days between first_day and last_day that are not stored; null unless the report has hours or days';
COMMENT ON COLUMN fathom_ops.coverage.open_attempts IS 'Number of periods whose last export failed; see fathom_ops.attempt';
COMMENT ON COLUMN fathom_ops.coverage.rows IS 'Number of rows that are stored';
COMMENT ON COLUMN fathom_ops.coverage.last_fetched_at IS 'When a period was last fetched';
COMMENT ON COLUMN fathom_ops.coverage.last_confirmed_at IS 'When a control query last confirmed stored periods, so that their rows were not fetched again';

COMMENT ON VIEW fathom_ops.freshness IS 'The last day that is stored of each report, and when it was fetched: one row per report, site and event';
COMMENT ON COLUMN fathom_ops.freshness.report IS 'Name of the report, which is also the name of its table in schema fathom';
COMMENT ON COLUMN fathom_ops.freshness.site_id IS 'The site''s id in Fathom';
COMMENT ON COLUMN fathom_ops.freshness.event_name IS 'The event''s name within the site; empty for reports on pageviews';
COMMENT ON COLUMN fathom_ops.freshness.last_day IS 'Last day that is stored';
COMMENT ON COLUMN fathom_ops.freshness.days_behind IS 'Days from last_day to today in UTC: 1 or 2 if a nightly run is on schedule';
COMMENT ON COLUMN fathom_ops.freshness.last_fetched_at IS 'When a period was last fetched';
COMMENT ON COLUMN fathom_ops.freshness.age IS 'Time since last_fetched_at';
COMMENT ON COLUMN fathom_ops.freshness.zone IS 'The sites time zone (IANA name) when a period was last fetched';
COMMENT ON COLUMN fathom_ops.freshness.zone_changed IS 'Whether stored periods were measured in different time zones of the site';
COMMENT ON COLUMN fathom_ops.freshness.last_confirmed_at IS 'When a control query last confirmed stored periods, so that their rows were not fetched again';

COMMENT ON SEQUENCE fathom_ops.permit_holder IS 'The numbers of the database sessions that take permits. Each session holds the advisory lock of its number as long as it is alive';

COMMENT ON TABLE fathom_ops.account IS 'The quotas that runs on this database share: one row per account of the API and quota. A run locks the row while it takes a permit. All times are those of the databases clock';
COMMENT ON COLUMN fathom_ops.account.account IS 'The API''s base URL, #, and the value of the setting api.account';
COMMENT ON COLUMN fathom_ops.account.deferred_until IS 'No request is sent before this time, because the API has asked to wait; -infinity if it never has';
COMMENT ON COLUMN fathom_ops.account.quota IS 'reports: requests for reports and for current visitors, limited per minute. lookups: requests to all other endpoints, limited per hour';

COMMENT ON TABLE fathom_ops.permit IS 'Permits for one request each, taken from an accounts quota. A permit counts while its request is in progress, and for the length of the quotas time window after its response';
COMMENT ON COLUMN fathom_ops.permit.id IS 'Number of the permit';
COMMENT ON COLUMN fathom_ops.permit.account IS 'The account; see fathom_ops.account';
COMMENT ON COLUMN fathom_ops.permit.holder IS 'The session that took the permit: a number from the sequence fathom_ops.permit_holder';
COMMENT ON COLUMN fathom_ops.permit.taken_at IS 'When the permit was taken';
COMMENT ON COLUMN fathom_ops.permit.lease_until IS 'When the request counts as ended if its run has not reported the end';
COMMENT ON COLUMN fathom_ops.permit.ended_at IS 'When the response was complete, or when the session that holds the permit was found dead; null while the request is in progress';
COMMENT ON COLUMN fathom_ops.permit.quota IS 'The quota that the permit was taken from: reports or lookups';

COMMENT ON TABLE fathom_ops.permit_queue IS 'Runs that wait for a permit: one row per place in the queue. The highest priority is served first, then the smallest ticket among runs that hold equally many permits';
COMMENT ON COLUMN fathom_ops.permit_queue.ticket IS 'Number of the place in the queue';
COMMENT ON COLUMN fathom_ops.permit_queue.account IS 'The account; see fathom_ops.account';
COMMENT ON COLUMN fathom_ops.permit_queue.holder IS 'The session that waits: a number from the sequence fathom_ops.permit_holder';
COMMENT ON COLUMN fathom_ops.permit_queue.priority IS 'Priority of the run; the highest is served first';
COMMENT ON COLUMN fathom_ops.permit_queue.waiting IS 'False for a run that was just served and is expected to ask again soon; runs with a lower priority wait for it';
COMMENT ON COLUMN fathom_ops.permit_queue.fresh_until IS 'The place in the queue expires at this time unless the run asks again before';
COMMENT ON COLUMN fathom_ops.permit_queue.quota IS 'The quota that the run waits for: reports or lookups';

COMMENT ON TABLE fathom_ops.request_count IS 'Requests to the quota-limited endpoints, each of which Fathom bills as a pageview: one row per account and day';
COMMENT ON COLUMN fathom_ops.request_count.account IS 'The account; see fathom_ops.account';
COMMENT ON COLUMN fathom_ops.request_count.day IS 'The day, in UTC';
COMMENT ON COLUMN fathom_ops.request_count.requests IS 'Number of requests, including those that the API refused';
COMMENT ON COLUMN fathom_ops.request_count.limited IS 'Number of requests that were answered with 429 (too many requests)';

COMMENT ON TABLE fathom_ops.pipeline_lock IS 'Which run of a pipeline may write: the run that holds the pipelines advisory lock and took the newest epoch. One row per pipeline';
COMMENT ON COLUMN fathom_ops.pipeline_lock.pipeline IS 'Name of the pipeline';
COMMENT ON COLUMN fathom_ops.pipeline_lock.epoch IS 'How many times the lock was taken. A commit of a run with an older epoch is refused';
COMMENT ON COLUMN fathom_ops.pipeline_lock.taken_at IS 'When the lock was last taken';

COMMENT ON TABLE fathom.current_visitors IS 'Samples of the visitors who are on a site at one moment, appended by the command snapshot: one row per site and sample';
COMMENT ON COLUMN fathom.current_visitors.site_id IS 'The site''s id in Fathom';
COMMENT ON COLUMN fathom.current_visitors.sampled_at IS 'When the APIs response ended, by the clock of the machine that sent the request';
COMMENT ON COLUMN fathom.current_visitors.total IS 'Number of visitors on the site';

COMMENT ON TABLE fathom.current_pages IS 'The pages that visitors were on in a sample of fathom.current_visitors: one row per page, for at most the 150 most visited ones. A sample of the total alone has no rows here';
COMMENT ON COLUMN fathom.current_pages.site_id IS 'The site''s id in Fathom';
COMMENT ON COLUMN fathom.current_pages.sampled_at IS 'The time of the sample, as in fathom.current_visitors';
COMMENT ON COLUMN fathom.current_pages.hostname IS 'Host name of the page, as the API returns it';
COMMENT ON COLUMN fathom.current_pages.pathname IS 'Path of the page';
COMMENT ON COLUMN fathom.current_pages.total IS 'Number of visitors on the page';

COMMENT ON TABLE fathom.current_referrers IS 'The referrers of the visitors in a sample of fathom.current_visitors: one row per referrer, for at most the 150 most frequent ones. A sample of the total alone has no rows here';
COMMENT ON COLUMN fathom.current_referrers.site_id IS 'The site''s id in Fathom';
COMMENT ON COLUMN fathom.current_referrers.sampled_at IS 'The time of the sample, as in fathom.current_visitors';
COMMENT ON COLUMN fathom.current_referrers.referrer_hostname IS 'Host name of the referring page, with its scheme (https://...)';
COMMENT ON COLUMN fathom.current_referrers.referrer_pathname IS 'Path of the referring page';
COMMENT ON COLUMN fathom.current_referrers.total IS 'Number of visitors who came from it';

COMMENT ON TABLE fathom.site_history IS 'The names and time zones that each site has had: one row per site and interval of time';
COMMENT ON COLUMN fathom.site_history.name IS 'The name during the interval';
COMMENT ON COLUMN fathom.site_history.time_zone IS 'The time zone (IANA name) during the interval';
COMMENT ON COLUMN fathom.site_history.valid_from IS 'When fathom-export first saw this name and time zone; the change itself may be older';
COMMENT ON COLUMN fathom.site_history.valid_to IS 'When fathom-export first saw another name or time zone; null for the present ones';

COMMENT ON TABLE fathom.milestone IS 'Notes that owners attached to days of their sites, such as a launch or a campaign: one row per site and note';
COMMENT ON COLUMN fathom.milestone.date IS 'The day to which the note is attached, in the sites time zone';
COMMENT ON COLUMN fathom.milestone.name IS 'Text of the note';
