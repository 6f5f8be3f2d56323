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
