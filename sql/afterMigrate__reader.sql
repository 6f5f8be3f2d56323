-- After every migrate: grants the role fathom_reader the right to read everything, and creates it if it does not exist.
-- On a hosted database the loader may not be allowed to create roles. Then this script only prints a notice; an
-- administrator can create the role (CREATE ROLE fathom_reader NOLOGIN), and the next migrate grants it its rights.
DO $reader$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'fathom_reader') THEN
    BEGIN
      CREATE ROLE fathom_reader NOLOGIN;
    EXCEPTION
      WHEN insufficient_privilege THEN
        RAISE NOTICE 'role fathom_reader was not created, because this user may not create roles';
        RETURN;
      WHEN duplicate_object OR unique_violation THEN
        -- Roles belong to the whole cluster, and the migration of another database created it first.
        NULL;
    END;
  END IF;
  BEGIN
    GRANT USAGE ON SCHEMA fathom, fathom_ops TO fathom_reader;
    GRANT SELECT ON ALL TABLES IN SCHEMA fathom, fathom_ops TO fathom_reader;
    ALTER DEFAULT PRIVILEGES IN SCHEMA fathom, fathom_ops GRANT SELECT ON TABLES TO fathom_reader;
  EXCEPTION
    WHEN insufficient_privilege THEN
      RAISE NOTICE 'role fathom_reader did not get all of its rights: %', SQLERRM;
  END;
END
$reader$;
