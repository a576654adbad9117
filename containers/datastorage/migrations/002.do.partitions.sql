-- Makes the monthly partitions from the previous month to months_ahead after the current one. Called at each start.
CREATE FUNCTION create_audit_partitions(months_ahead integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  this_month date := date_trunc('month', now() AT TIME ZONE 'UTC')::date;
  first_day  date;
  next_first date;
  name       text;
BEGIN
  FOR months IN -1 .. months_ahead LOOP
    first_day  := (this_month + make_interval(months => months))::date;
    next_first := (first_day + interval '1 month')::date;
    name       := 'audit_events_' || to_char(first_day, 'YYYY_MM');
    -- Asked first: CREATE TABLE ... PARTITION OF locks the parent against all writers, even IF NOT EXISTS finds it there.
    IF to_regclass(name) IS NULL THEN
      EXECUTE format('CREATE TABLE %I PARTITION OF audit_events FOR VALUES FROM (%L) TO (%L)', name, first_day, next_first);
    END IF;
  END LOOP;
END
$$;
