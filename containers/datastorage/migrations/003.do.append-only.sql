-- The trail is append-only. The service connects as the owner, who alone can migrate, and works as datastorage_app, which
-- may read and insert. Called at each start, since roles belong to the server, and a database can move to another one.
CREATE FUNCTION grant_audit_rights() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'datastorage_app') THEN
    BEGIN
      CREATE ROLE datastorage_app NOLOGIN;
    EXCEPTION
      -- Another database of the same server was faster.
      WHEN duplicate_object OR unique_violation THEN NULL;
      WHEN insufficient_privilege THEN
        RAISE EXCEPTION 'user % may not create the role datastorage_app: as a superuser, run CREATE ROLE datastorage_app; GRANT datastorage_app TO %',
          session_user, quote_ident(session_user);
    END;
  END IF;
  -- A superuser may become anybody. Anybody else has to be a member, and from PostgreSQL 16 on to say so even of a role
  -- of its own making. Without the right to grant it, it has been granted already, or the first connection says so.
  IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = session_user) THEN
    BEGIN
      EXECUTE format('GRANT datastorage_app TO %I', session_user);
    EXCEPTION WHEN insufficient_privilege THEN NULL;
    END;
  END IF;
  EXECUTE format('GRANT USAGE ON SCHEMA %I TO datastorage_app', current_schema());
  GRANT SELECT, INSERT ON audit_events TO datastorage_app;
END
$$;

-- A second lock on the same door, for whoever has more rights: the owner, too, only adds.
CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'audit_events is append-only' USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER audit_events_append_only BEFORE UPDATE OR DELETE ON audit_events
  FOR EACH ROW EXECUTE FUNCTION refuse_audit_change();
