-- What the views for people (schema fathom_bi) are made from: the reports' definitions, the state of each period,
-- channels, and whether measures add up.

ALTER TABLE fathom_ops.report
  ADD COLUMN fields     text[],
  ADD COLUMN aggregates text[],
  ADD COLUMN filters    jsonb,
  ADD COLUMN definition text;
COMMENT ON COLUMN fathom_ops.report.report IS 'Name of the report and of its table in schema fathom';
COMMENT ON COLUMN fathom_ops.report.entity IS 'What is counted: pageview or event';
COMMENT ON COLUMN fathom_ops.report.date_grouping IS 'hour, day, month, year, or none for one total per range';
COMMENT ON COLUMN fathom_ops.report.fields IS 'Fields that the report is grouped by; null until the next migrate of a pipeline with this report';
COMMENT ON COLUMN fathom_ops.report.aggregates IS 'Measures of the report; null until the next migrate of a pipeline with this report';
COMMENT ON COLUMN fathom_ops.report.filters IS 'Filters of the report, sorted: an empty array when it has none';
COMMENT ON COLUMN fathom_ops.report.definition IS 'Digest of the report''s definition, as in fathom_ops.ledger.definition';
COMMENT ON COLUMN fathom_ops.report.migrated_at IS 'When the table was last made to match its definition';

CREATE TABLE fathom_ops.report_definition (
  report        text NOT NULL,
  valid_from    timestamptz NOT NULL,
  digest        text NOT NULL,
  entity        text NOT NULL,
  date_grouping text NOT NULL,
  fields        text[] NOT NULL,
  aggregates    text[] NOT NULL,
  filters       jsonb NOT NULL,
  PRIMARY KEY (report, valid_from)
);
COMMENT ON TABLE fathom_ops.report_definition IS 'The definitions that each report has had: one row per report and change';
COMMENT ON COLUMN fathom_ops.report_definition.valid_from IS 'When the definition was first migrated';
COMMENT ON COLUMN fathom_ops.report_definition.digest IS 'As in fathom_ops.ledger.definition';
COMMENT ON COLUMN fathom_ops.report_definition.report IS 'Name of the report';
COMMENT ON COLUMN fathom_ops.report_definition.entity IS 'What the report counted: pageview or event';
COMMENT ON COLUMN fathom_ops.report_definition.date_grouping IS 'hour, day, month, year or none';
COMMENT ON COLUMN fathom_ops.report_definition.fields IS 'Fields that it was grouped by';
COMMENT ON COLUMN fathom_ops.report_definition.aggregates IS 'Its measures';
COMMENT ON COLUMN fathom_ops.report_definition.filters IS 'Its filters, sorted: an empty array if it had none';

CREATE TABLE fathom_ops.bi_view (
  view    text PRIMARY KEY,
  digest  text NOT NULL,
  made_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE fathom_ops.bi_view IS 'The views of schema fathom_bi that migrate has generated: an unchanged one is not replaced again';
COMMENT ON COLUMN fathom_ops.bi_view.digest IS 'Digest of the view''s text and comments';
COMMENT ON COLUMN fathom_ops.bi_view.view IS 'Name of the view in schema fathom_bi';
COMMENT ON COLUMN fathom_ops.bi_view.made_at IS 'When it was last replaced';

CREATE TABLE fathom_ops.additivity (
  report             text NOT NULL,
  against            text NOT NULL,
  site_id            text NOT NULL,
  measure            text NOT NULL,
  direction          text NOT NULL CHECK (direction IN ('over_days', 'over_groups')),
  month              date NOT NULL,
  periods            bigint NOT NULL,
  agreed             bigint NOT NULL,
  largest_difference numeric NOT NULL,
  seen               text NOT NULL,
  measured_at        timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (report, against, site_id, measure, direction, month)
);
COMMENT ON TABLE fathom_ops.additivity IS 'Whether measures add up, measured on certified periods: the sum over the parts against the number that the API reports for the whole. The end of each run measures the months that have changed';
COMMENT ON COLUMN fathom_ops.additivity.report IS 'The report whose rows are summed';
COMMENT ON COLUMN fathom_ops.additivity.against IS 'The report that has the whole''s own number';
COMMENT ON COLUMN fathom_ops.additivity.direction IS 'over_days: a month''s or year''s own number against its days. over_groups: a site''s own number against its groups';
COMMENT ON COLUMN fathom_ops.additivity.month IS 'First day of the month (or year) in which the compared periods begin';
COMMENT ON COLUMN fathom_ops.additivity.periods IS 'Compared periods: certified on both sides, in the same zone, with at least two parts';
COMMENT ON COLUMN fathom_ops.additivity.agreed IS 'Those in which the sum equals the whole''s own number';
COMMENT ON COLUMN fathom_ops.additivity.largest_difference IS 'The largest difference between the two, in the measure''s unit';
COMMENT ON COLUMN fathom_ops.additivity.seen IS 'Identifies the ledger entries that were compared: when they change, the month is measured again';
COMMENT ON COLUMN fathom_ops.additivity.site_id IS 'The site''s id';
COMMENT ON COLUMN fathom_ops.additivity.measure IS 'Column of the report''s table that is summed';
COMMENT ON COLUMN fathom_ops.additivity.measured_at IS 'When the month was last measured';

CREATE VIEW fathom_ops.adds_up AS
SELECT a.report,
       a.site_id,
       a.direction,
       coalesce(sum(a.periods - a.agreed) FILTER (WHERE a.measure = 'visits') = 0, true)            AS visits,
       coalesce(sum(a.periods) FILTER (WHERE a.measure = 'uniques') > 0
                AND sum(a.periods - a.agreed) FILTER (WHERE a.measure = 'uniques') = 0, false)       AS uniques,
       coalesce(sum(a.periods) FILTER (WHERE a.measure = 'unique_conversions') > 0
                AND sum(a.periods - a.agreed) FILTER (WHERE a.measure = 'unique_conversions') = 0, false)
                                                                                                     AS unique_conversions
  FROM fathom_ops.additivity a
 GROUP BY a.report, a.site_id, a.direction;
COMMENT ON VIEW fathom_ops.adds_up IS 'Which measures the views of fathom_bi may sum: visits unless measured otherwise, unique counts only where they were measured to add up';
COMMENT ON COLUMN fathom_ops.adds_up.report IS 'Name of the report whose rows are summed';
COMMENT ON COLUMN fathom_ops.adds_up.site_id IS 'The site''s id';
COMMENT ON COLUMN fathom_ops.adds_up.direction IS 'over_days or over_groups, as in fathom_ops.additivity';
COMMENT ON COLUMN fathom_ops.adds_up.visits IS 'Whether visits may be summed: no measurement shows otherwise';
COMMENT ON COLUMN fathom_ops.adds_up.uniques IS 'Whether uniques may be summed: some periods were measured, and all of them agree';
COMMENT ON COLUMN fathom_ops.adds_up.unique_conversions IS 'Whether unique_conversions may be summed: some periods were measured, and all of them agree';

CREATE TABLE fathom.channel_rule (
  position     integer PRIMARY KEY,
  channel      text NOT NULL CHECK (channel <> ''),
  field        text NOT NULL CHECK (field IN ('hostname', 'pathname', 'referrer_hostname', 'referrer_pathname', 'referrer_source',
                                              'utm_source', 'utm_medium', 'utm_campaign', 'utm_content', 'utm_term', 'keyword', 'ref')),
  pattern      text NOT NULL,
  like_pattern text NOT NULL GENERATED ALWAYS AS
    (replace(replace(replace(replace(lower(pattern), '\', '\\'), '%', '\%'), '_', '\_'), '*', '%')) STORED,
  UNIQUE (field, pattern)
);
COMMENT ON TABLE fathom.channel_rule IS 'Which channel a row of a report belongs to, for the views fathom_bi.<report>_channel: the first rule by position that matches. Edit it freely: no migration changes it';
COMMENT ON COLUMN fathom.channel_rule.position IS 'Rules are tried in this order; the shipped ones leave room between them';
COMMENT ON COLUMN fathom.channel_rule.channel IS 'Name of the channel';
COMMENT ON COLUMN fathom.channel_rule.field IS 'Field of the report that the pattern is compared with; the rule does not apply to reports without it';
COMMENT ON COLUMN fathom.channel_rule.pattern IS 'Text that the field must equal, ignoring case; * stands for any text, and the empty pattern for a field without a value. Host names are compared without scheme and www., and a pattern also matches their subdomains';
COMMENT ON COLUMN fathom.channel_rule.like_pattern IS 'The pattern as LIKE takes it; computed';

INSERT INTO fathom.channel_rule (position, channel, field, pattern)
SELECT row_number() OVER (ORDER BY g.rank, p.place) * 10, g.channel, g.field, p.pattern
  FROM (VALUES
    ( 1, 'paid', 'utm_medium', 'cpc ppc cpm cpv cpa sem paid paid* *-paid *_paid paidsearch paidsocial display banner retargeting remarketing affiliate'),
    ( 2, 'email', 'utm_medium', 'email e-mail mail newsletter newsletter*'),
    ( 3, 'email', 'utm_source', 'newsletter newsletter* email mailchimp sendgrid klaviyo buttondown convertkit substack'),
    ( 4, 'email', 'referrer_hostname', 'mail.google.com outlook.live.com outlook.office.com outlook.office365.com mail.yahoo.com mail.proton.me mail.aol.com mail.ru mail.qq.com mail.zoho.com com.google.android.gm deref-gmx.net deref-web.de navigator.gmx.net navigator.web.de'),
    ( 5, 'email', 'referrer_source', 'gmail outlook* yahoo*mail *newsletter*'),
    ( 6, 'AI assistants', 'referrer_hostname', 'chatgpt.com chat.openai.com claude.ai perplexity.ai gemini.google.com bard.google.com copilot.microsoft.com copilot.cloud.microsoft chat.deepseek.com chat.mistral.ai grok.com meta.ai you.com poe.com phind.com duck.ai doubao.com kimi.com'),
    ( 7, 'AI assistants', 'referrer_source', 'chatgpt openai claude anthropic perplexity* gemini *copilot deepseek mistral grok meta*ai'),
    ( 8, 'AI assistants', 'utm_source', 'chatgpt* openai perplexity* claude* copilot* gemini*'),
    ( 9, 'social', 'utm_medium', 'social social-media social_media socialmedia social-network sm'),
    (10, 'social', 'referrer_hostname', 'facebook.com fb.com fb.me messenger.com instagram.com threads.net threads.com twitter.com x.com t.co linkedin.com lnkd.in reddit.com redd.it pinterest.* pin.it youtube.com youtu.be tiktok.com snapchat.com tumblr.com vk.com ok.ru weibo.com weibo.cn zhihu.com xing.com quora.com discord.com telegram.org t.me web.whatsapp.com wa.me whatsapp.com bsky.app mastodon.* news.ycombinator.com lobste.rs nextdoor.com com.linkedin.android com.reddit.frontpage org.telegram.messenger'),
    (11, 'social', 'referrer_source', 'facebook instagram threads twitter* x linkedin reddit pinterest youtube tiktok snapchat tumblr whatsapp telegram discord bluesky mastodon quora xing hacker*news vk weibo'),
    (12, 'search', 'utm_medium', 'organic'),
    (13, 'search', 'referrer_hostname', 'google.* com.google.android.googlequicksearchbox bing.com duckduckgo.com search.yahoo.* yahoo.* ecosia.org qwant.com startpage.com search.brave.com yandex.* ya.ru baidu.com sogou.com so.com naver.com daum.net seznam.cz kagi.com mojeek.com swisscows.com metager.* search.aol.com ask.com dogpile.com karmasearch.org lilo.org presearch.com neeva.com petalsearch.com'),
    (14, 'search', 'referrer_source', 'google google*search bing duckduckgo yahoo* ecosia qwant startpage brave* yandex baidu naver kagi seznam'),
    (15, 'campaign', 'utm_campaign', '*'),
    (16, 'campaign', 'utm_source', '*'),
    (17, 'campaign', 'utm_medium', '*'),
    (18, 'referral', 'referrer_hostname', '*'),
    (19, 'referral', 'referrer_source', '*')
  ) g (rank, channel, field, patterns)
 CROSS JOIN LATERAL unnest(string_to_array(g.patterns, ' ')) WITH ORDINALITY p (pattern, place);
INSERT INTO fathom.channel_rule (position, channel, field, pattern)
SELECT (SELECT max(position) FROM fathom.channel_rule) + 10 * n, 'direct', field, ''
  FROM (VALUES (1, 'referrer_hostname'), (2, 'referrer_source')) d (n, field);

CREATE FUNCTION fathom_ops.known_zone(zone text) RETURNS text
  LANGUAGE plpgsql STABLE STRICT AS
$$
BEGIN
  PERFORM pg_catalog.timezone(zone, pg_catalog.now());
  RETURN zone;
EXCEPTION
  WHEN invalid_parameter_value THEN
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION fathom_ops.known_zone(text) IS 'The zone if this server knows it, otherwise null: the time zones of the API may be newer than the server''s';

CREATE FUNCTION fathom_ops.as_of() RETURNS timestamptz
  LANGUAGE sql STABLE
  RETURN coalesce(nullif(current_setting('fathom.as_of', true), '')::timestamptz, now());
COMMENT ON FUNCTION fathom_ops.as_of() IS 'The moment that decides which days are over: now, or what the session has set with SET fathom.as_of = ''2026-02-01 09:00+00''';

CREATE FUNCTION fathom_ops.period_state(known boolean, failed boolean, status text, stale boolean, provisional boolean, rows bigint) RETURNS text
  LANGUAGE sql IMMUTABLE
  RETURN CASE
         WHEN failed THEN 'incomplete'
         WHEN NOT known THEN 'missing'
         WHEN status <> 'certified' AND status <> 'uncertified' THEN 'incomplete'
         WHEN stale THEN 'stale'
         WHEN provisional THEN 'provisional'
         WHEN status <> 'certified' THEN 'incomplete'
         WHEN rows = 0 THEN 'empty'
         ELSE 'complete'
       END;
COMMENT ON FUNCTION fathom_ops.period_state(boolean, boolean, text, boolean, boolean, bigint) IS 'The state of a period, of which the first that applies counts. incomplete: the last attempt failed, the numbers disagree with the control query, or no control was possible. stale: fetched under another definition of the report or in another zone. provisional: not over when it was fetched. empty: nothing was measured. missing: never measured';

CREATE FUNCTION fathom_ops.state_of_days(length bigint, due bigint, over boolean, known bigint, done bigint, empty bigint, stale bigint) RETURNS text
  LANGUAGE sql IMMUTABLE
  RETURN CASE
         WHEN known = 0 THEN 'missing'
         WHEN stale > 0 THEN 'stale'
         WHEN empty = length THEN 'empty'
         WHEN done = length THEN 'complete'
         WHEN done = due AND NOT over THEN 'provisional'
         ELSE 'incomplete'
       END;
COMMENT ON FUNCTION fathom_ops.state_of_days(bigint, bigint, boolean, bigint, bigint, bigint, bigint) IS 'The state of a run of days: complete when each of its days is complete or empty, provisional while it is not over';

CREATE VIEW fathom_ops.stored AS
SELECT s.report,
       r.date_grouping,
       r.definition,
       s.site_id,
       x.name AS site_name,
       s.event_name,
       s.first_day,
       s.last_day,
       x.time_zone,
       z.zone,
       (fathom_ops.as_of() AT TIME ZONE z.zone)::date - 1 AS yesterday,
       s.fetched_at,
       s.confirmed_at
  FROM (SELECT l.report, l.site_id, l.event_name,
               min(l.period)    AS first_day,
               max(l.covers_to) AS last_day,
               max(l.fetched_at) AS fetched_at,
               max(l.confirmed_at) AS confirmed_at
          FROM fathom_ops.ledger l
         WHERE l.stored
         GROUP BY l.report, l.site_id, l.event_name) s
  JOIN fathom_ops.report r ON r.report = s.report
  LEFT JOIN fathom.site x ON x.site_id = s.site_id
 CROSS JOIN LATERAL
       (SELECT coalesce(fathom_ops.known_zone(coalesce(x.time_zone,
                          (SELECT l.zone FROM fathom_ops.ledger l
                            WHERE l.report = s.report AND l.site_id = s.site_id AND l.event_name = s.event_name
                            ORDER BY l.period DESC LIMIT 1))),
                        'Etc/GMT+12') AS zone
        OFFSET 0) z; -- the zone is looked up once per row, not wherever it is used
COMMENT ON VIEW fathom_ops.stored IS 'One row per report, site and event of which something is stored: from which day to which, and the site''s yesterday';
COMMENT ON COLUMN fathom_ops.stored.zone IS 'The site''s zone: as the API last reported it, otherwise as in the ledger, otherwise the zone in which a day ends last';
COMMENT ON COLUMN fathom_ops.stored.yesterday IS 'The last day that is over in the site''s zone';
COMMENT ON COLUMN fathom_ops.stored.report IS 'Name of the report';
COMMENT ON COLUMN fathom_ops.stored.date_grouping IS 'The length of the report''s periods: hour, day, month, year or none';
COMMENT ON COLUMN fathom_ops.stored.definition IS 'Digest of the report''s present definition';
COMMENT ON COLUMN fathom_ops.stored.site_id IS 'The site''s id';
COMMENT ON COLUMN fathom_ops.stored.site_name IS 'The site''s present name; null until the API has listed the site';
COMMENT ON COLUMN fathom_ops.stored.event_name IS 'The event''s name; empty for pageviews';
COMMENT ON COLUMN fathom_ops.stored.first_day IS 'First stored day';
COMMENT ON COLUMN fathom_ops.stored.last_day IS 'Last stored day';
COMMENT ON COLUMN fathom_ops.stored.time_zone IS 'The site''s time zone as the API last reported it; null if it is not known';
COMMENT ON COLUMN fathom_ops.stored.fetched_at IS 'When rows were last fetched';
COMMENT ON COLUMN fathom_ops.stored.confirmed_at IS 'When a control query last confirmed stored periods; null if that has not happened';

CREATE VIEW fathom_ops.calendar AS
SELECT s.report,
       s.site_id,
       s.site_name,
       s.event_name,
       d.day::date AS date,
       fathom_ops.period_state(l.site_id IS NOT NULL, a.site_id IS NOT NULL, l.status,
                               coalesce(l.definition <> s.definition, false) OR coalesce(l.zone <> s.time_zone, false),
                               l.covers_to < l.period_end, l.rows) AS state,
       coalesce(l.stored AND l.status = 'certified', false)         AS measured,
       l.covers_to,
       coalesce(l.zone, s.zone)                                     AS zone,
       l.fetched_at,
       l.confirmed_at
  FROM fathom_ops.stored s
 CROSS JOIN LATERAL
       generate_series(s.first_day::timestamp, greatest(s.yesterday, s.last_day)::timestamp,
                       CASE s.date_grouping WHEN 'month' THEN interval '1 month'
                                            WHEN 'year' THEN interval '1 year'
                                            ELSE interval '1 day' END) d (day)
  LEFT JOIN fathom_ops.ledger l
    ON l.report = s.report AND l.site_id = s.site_id AND l.event_name = s.event_name AND l.period = d.day::date
  LEFT JOIN fathom_ops.attempt a
    ON a.report = s.report AND a.site_id = s.site_id AND a.event_name = s.event_name AND a.period = d.day::date
 WHERE s.date_grouping <> 'none';
COMMENT ON VIEW fathom_ops.calendar IS 'One row per report, site, event and period, without gaps from the first stored one to the site''s yesterday. Reports without date grouping are not in it';
COMMENT ON COLUMN fathom_ops.calendar.date IS 'The day; for reports by month or year the first day of the period';
COMMENT ON COLUMN fathom_ops.calendar.measured IS 'Whether the period is certified, so that what has no row is zero';
COMMENT ON COLUMN fathom_ops.calendar.report IS 'Name of the report';
COMMENT ON COLUMN fathom_ops.calendar.site_id IS 'The site''s id';
COMMENT ON COLUMN fathom_ops.calendar.site_name IS 'The site''s present name; null until the API has listed the site';
COMMENT ON COLUMN fathom_ops.calendar.event_name IS 'The event''s name; empty for pageviews';
COMMENT ON COLUMN fathom_ops.calendar.state IS 'complete, empty, provisional, incomplete, stale or missing: see the function fathom_ops.period_state';
COMMENT ON COLUMN fathom_ops.calendar.covers_to IS 'Last day of the period that was measured; null if it was never measured';
COMMENT ON COLUMN fathom_ops.calendar.zone IS 'The zone in which the period was measured, otherwise the site''s';
COMMENT ON COLUMN fathom_ops.calendar.fetched_at IS 'When the period''s rows were fetched; null if it was never measured';
COMMENT ON COLUMN fathom_ops.calendar.confirmed_at IS 'When a control query last confirmed the period without fetching it';

-- Publications FOR ALL TABLES refuse a DELETE on a table without a replica identity.
ALTER TABLE fathom.current_pages REPLICA IDENTITY FULL;
ALTER TABLE fathom.current_referrers REPLICA IDENTITY FULL;
