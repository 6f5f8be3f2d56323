-- After every migrate: the role fathom_reader may read everything. A hosted database may not let the loader make
-- roles: then this is a notice, and whoever may can create the role (CREATE ROLE fathom_reader NOLOGIN); the next
-- migrate grants it what it needs.
DO $reader$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'fathom_reader') THEN
    BEGIN
      CREATE ROLE fathom_reader NOLOGIN;
    EXCEPTION
      WHEN insufficient_privilege THEN
        RAISE NOTICE 'role fathom_reader was not made: the loader may not create roles';
        RETURN;
      WHEN duplicate_object OR unique_violation THEN
        -- Roles belong to the whole cluster: another database's migration was faster.
        NULL;
    END;
  END IF;
  BEGIN
    GRANT USAGE ON SCHEMA fathom, fathom_ops TO fathom_reader;
    GRANT SELECT ON ALL TABLES IN SCHEMA fathom, fathom_ops TO fathom_reader;
    ALTER DEFAULT PRIVILEGES IN SCHEMA fathom, fathom_ops GRANT SELECT ON TABLES TO fathom_reader;
  EXCEPTION
    WHEN insufficient_privilege THEN
      RAISE NOTICE 'role fathom_reader was not granted everything: %', SQLERRM;
  END;
END
$reader$;
