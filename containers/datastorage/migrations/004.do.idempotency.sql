-- What a batch with an Idempotency-Key was answered with, written in the transaction that stores its events.
CREATE TABLE idempotency_keys (
  key         text        PRIMARY KEY,
  fingerprint text        NOT NULL,
  event_ids   uuid[]      NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);

-- Called at each start, as grant_audit_rights is.
CREATE FUNCTION grant_idempotency_rights() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  GRANT SELECT, INSERT ON idempotency_keys TO datastorage_app;
END
$$;

-- A client sends again within minutes. Called whenever partitions are made.
CREATE FUNCTION forget_idempotency_keys() RETURNS void LANGUAGE sql AS $$
  DELETE FROM idempotency_keys WHERE created_at < now() - interval '24 hours'
$$;
