-- Samples of current visitors, appended by `fathom-export snapshot`: one a site and call, its rows in one transaction.

CREATE TABLE fathom.current_visitors (
  site_id    text NOT NULL,
  sampled_at timestamptz NOT NULL,
  total      bigint NOT NULL,
  PRIMARY KEY (site_id, sampled_at)
);
COMMENT ON TABLE fathom.current_visitors IS 'Visitors on a site at one moment: a row a site and call of snapshot';
COMMENT ON COLUMN fathom.current_visitors.sampled_at IS 'When the API''s answer ended, by the clock of the machine that asked';

CREATE TABLE fathom.current_pages (
  site_id    text NOT NULL,
  sampled_at timestamptz NOT NULL,
  hostname   text,
  pathname   text,
  total      bigint NOT NULL,
  FOREIGN KEY (site_id, sampled_at) REFERENCES fathom.current_visitors ON DELETE CASCADE
);
CREATE INDEX ON fathom.current_pages (site_id, sampled_at);
COMMENT ON TABLE fathom.current_pages IS 'The pages of a sample in current_visitors, at most the top 150; none when only the total was asked for';

CREATE TABLE fathom.current_referrers (
  site_id           text NOT NULL,
  sampled_at        timestamptz NOT NULL,
  referrer_hostname text,
  referrer_pathname text,
  total             bigint NOT NULL,
  FOREIGN KEY (site_id, sampled_at) REFERENCES fathom.current_visitors ON DELETE CASCADE
);
CREATE INDEX ON fathom.current_referrers (site_id, sampled_at);
COMMENT ON TABLE fathom.current_referrers IS 'The referrers of a sample in current_visitors, at most the top 150; none when only the total was asked for';
COMMENT ON COLUMN fathom.current_referrers.referrer_hostname IS 'With its scheme';
