-- What the ids in the report tables stand for. Every run and the command sites keep these tables up to date.

CREATE TABLE fathom.site (
  site_id       text PRIMARY KEY,
  name          text,
  time_zone     text,
  created_at    timestamptz,
  domains       text[],
  first_seen_at timestamptz NOT NULL,
  last_seen_at  timestamptz NOT NULL
);
COMMENT ON TABLE fathom.site IS 'The sites of the account: one row per site, as the API described it when it last listed it. A site that is no longer listed keeps its row';
COMMENT ON COLUMN fathom.site.site_id IS 'The API''s id of the site; every report table has it';
COMMENT ON COLUMN fathom.site.name IS 'The name in Fathom; null where the API gives none';
COMMENT ON COLUMN fathom.site.time_zone IS 'The site''s time zone (IANA name), in which its days begin and end; null where the API does not report it';
COMMENT ON COLUMN fathom.site.created_at IS 'When the site was created in Fathom; null where the API does not report it';
COMMENT ON COLUMN fathom.site.domains IS 'The domains that the API lists for the site; null where it lists none';
COMMENT ON COLUMN fathom.site.first_seen_at IS 'When fathom-export first saw the site';
COMMENT ON COLUMN fathom.site.last_seen_at IS 'When the API last listed the site; older than the last run once the site has been deleted or the token no longer reaches it';

CREATE TABLE fathom.site_history (
  site_id    text NOT NULL,
  name       text,
  time_zone  text,
  valid_from timestamptz NOT NULL,
  valid_to   timestamptz,
  PRIMARY KEY (site_id, valid_from)
);
COMMENT ON TABLE fathom.site_history IS 'Names and time zones that sites have had: one row per site and span of time';
COMMENT ON COLUMN fathom.site_history.site_id IS 'The API''s id of the site';
COMMENT ON COLUMN fathom.site_history.name IS 'The name during this span';
COMMENT ON COLUMN fathom.site_history.time_zone IS 'The time zone during this span';
COMMENT ON COLUMN fathom.site_history.valid_from IS 'When fathom-export first saw the site so; the change itself may be older';
COMMENT ON COLUMN fathom.site_history.valid_to IS 'When it was first seen otherwise; null for the present row';

CREATE TABLE fathom.event (
  site_id       text NOT NULL,
  event_name    text NOT NULL,
  currency      text,
  first_seen_at timestamptz NOT NULL,
  last_seen_at  timestamptz NOT NULL,
  PRIMARY KEY (site_id, event_name)
);
COMMENT ON TABLE fathom.event IS 'The events of each site: one row per site and name. An event that is no longer listed keeps its row';
COMMENT ON COLUMN fathom.event.site_id IS 'The API''s id of the site';
COMMENT ON COLUMN fathom.event.event_name IS 'The name, which identifies an event within its site';
COMMENT ON COLUMN fathom.event.currency IS 'The currency of the event''s value (ISO 4217): the API''s, otherwise that of the setting currencies, otherwise null';
COMMENT ON COLUMN fathom.event.first_seen_at IS 'When fathom-export first saw the event';
COMMENT ON COLUMN fathom.event.last_seen_at IS 'When the API last listed the event';

CREATE TABLE fathom.milestone (
  site_id      text NOT NULL,
  milestone_id text NOT NULL,
  date         date NOT NULL,
  name         text NOT NULL,
  PRIMARY KEY (site_id, milestone_id)
);
COMMENT ON TABLE fathom.milestone IS 'The notes that owners put on their sites'' timelines: a launch, a campaign';
COMMENT ON COLUMN fathom.milestone.site_id IS 'The API''s id of the site';
COMMENT ON COLUMN fathom.milestone.milestone_id IS 'The API''s id of the note';
COMMENT ON COLUMN fathom.milestone.date IS 'The day that the note stands at, in the site''s time zone';
COMMENT ON COLUMN fathom.milestone.name IS 'The note';

-- What is needed to keep those tables: which lists a site or an event was in, and when milestones were asked for.

CREATE TABLE fathom_ops.listing (
  pipeline        text NOT NULL,
  site_id         text NOT NULL,
  event_name      text NOT NULL,
  first_listed_at timestamptz NOT NULL,
  unlisted_at     timestamptz,
  last_day        date,
  PRIMARY KEY (pipeline, site_id, event_name)
);
COMMENT ON TABLE fathom_ops.listing IS 'Which sites and events the API lists to each pipeline, and since when it no longer lists them: one row per pipeline, site and event';
COMMENT ON COLUMN fathom_ops.listing.pipeline IS 'The pipeline. Pipelines may use tokens of different accounts, so a site that one of them cannot list is not gone';
COMMENT ON COLUMN fathom_ops.listing.site_id IS 'The API''s id of the site';
COMMENT ON COLUMN fathom_ops.listing.event_name IS 'The name of the event; empty for the site itself';
COMMENT ON COLUMN fathom_ops.listing.first_listed_at IS 'When the pipeline first found it';
COMMENT ON COLUMN fathom_ops.listing.unlisted_at IS 'When the API was first found to list it no more; null while it is listed. From then on it is retired: its history stays, and it is never late';
COMMENT ON COLUMN fathom_ops.listing.last_day IS 'The last day that was stored of it by then; null while it is listed, or if nothing was stored';

CREATE TABLE fathom_ops.milestone_check (
  site_id  text PRIMARY KEY,
  asked_at timestamptz NOT NULL
);
COMMENT ON TABLE fathom_ops.milestone_check IS 'When the API was last asked for each site''s milestones, whether or not it offers them';
COMMENT ON COLUMN fathom_ops.milestone_check.site_id IS 'The API''s id of the site';
COMMENT ON COLUMN fathom_ops.milestone_check.asked_at IS 'When it was asked';

CREATE VIEW fathom_ops.retired AS
SELECT l.site_id, l.event_name, max(l.unlisted_at) AS retired_at, max(l.last_day) AS last_day
  FROM fathom_ops.listing l
  LEFT JOIN fathom.site s ON s.site_id = l.site_id AND l.event_name = ''
  LEFT JOIN fathom.event e ON e.site_id = l.site_id AND e.event_name = l.event_name
 WHERE l.unlisted_at > coalesce(s.last_seen_at, e.last_seen_at, '-infinity')
 GROUP BY l.site_id, l.event_name;
COMMENT ON VIEW fathom_ops.retired IS 'The sites and events that no pipeline''s lists contain any more. What is stored of them stays, and they are never late';
COMMENT ON COLUMN fathom_ops.retired.site_id IS 'The API''s id of the site';
COMMENT ON COLUMN fathom_ops.retired.event_name IS 'The name of the event; empty where the whole site is retired';
COMMENT ON COLUMN fathom_ops.retired.retired_at IS 'When it was found to be no longer listed';
COMMENT ON COLUMN fathom_ops.retired.last_day IS 'The last day that was stored of it; null if nothing was stored';
