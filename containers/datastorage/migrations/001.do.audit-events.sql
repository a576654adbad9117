-- The audit trail: range-partitioned by month on event_date, the day in UTC of event_timestamp.
CREATE TABLE audit_events (
  event_id          uuid         NOT NULL,
  event_version     varchar(20)  NOT NULL,
  event_timestamp   timestamptz  NOT NULL,
  event_date        date         NOT NULL,
  event_type        varchar(100) NOT NULL,
  event_category    varchar(50)  NOT NULL,
  event_action      varchar(50)  NOT NULL,
  event_outcome     varchar(20)  NOT NULL,
  actor_type        text,
  actor_id          text,
  actor_ip          inet,
  resource_type     text,
  resource_id       text,
  resource_name     text,
  correlation_id    varchar(255) NOT NULL,
  parent_event_id   uuid,
  parent_event_date date,
  trace_id          text,
  span_id           text,
  namespace         text,
  cluster_name      text,
  event_data        jsonb        NOT NULL,
  event_metadata    jsonb,
  severity          text,
  duration_ms       integer,
  error_code        text,
  error_message     text,
  retention_days    integer      NOT NULL DEFAULT 2555,
  is_sensitive      boolean      NOT NULL DEFAULT false,
  PRIMARY KEY (event_id, event_date),
  FOREIGN KEY (parent_event_id, parent_event_date) REFERENCES audit_events (event_id, event_date)
) PARTITION BY RANGE (event_date);

CREATE INDEX audit_events_timestamp   ON audit_events (event_timestamp DESC);
CREATE INDEX audit_events_correlation ON audit_events (correlation_id, event_timestamp DESC);
CREATE INDEX audit_events_type        ON audit_events (event_type, event_timestamp DESC);
CREATE INDEX audit_events_resource    ON audit_events (resource_type, resource_id, event_timestamp DESC);
CREATE INDEX audit_events_actor       ON audit_events (actor_type, actor_id, event_timestamp DESC);
CREATE INDEX audit_events_outcome     ON audit_events (event_outcome, event_timestamp DESC);
CREATE INDEX audit_events_date        ON audit_events (event_date);
CREATE INDEX audit_events_data        ON audit_events USING gin (event_data);

CREATE FUNCTION set_audit_event_date() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.event_date := (NEW.event_timestamp AT TIME ZONE 'UTC')::date;
  RETURN NEW;
END
$$;

-- A row is routed to its partition before this trigger runs, and a trigger cannot move it afterwards: an INSERT has to
-- give event_date too. The trigger guarantees that the stored day is the timestamp's own.
CREATE TRIGGER audit_events_set_date BEFORE INSERT ON audit_events
  FOR EACH ROW WHEN (NEW.event_date IS DISTINCT FROM (NEW.event_timestamp AT TIME ZONE 'UTC')::date)
  EXECUTE FUNCTION set_audit_event_date();
