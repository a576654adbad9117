#!/bin/sh
# What the official image's entrypoint promises, as far as Testcontainers and its users build on it: POSTGRES_USER,
# POSTGRES_PASSWORD, POSTGRES_DB, POSTGRES_INITDB_ARGS, POSTGRES_HOST_AUTH_METHOD, PGDATA, /docker-entrypoint-initdb.d, and
# a first server that only a Unix socket reaches, so that "ready to accept connections" is logged twice.
set -eu

case "${1:-}" in -*) set -- postgres "$@" ;; esac
[ "${1:-}" = postgres ] || exec "$@"

if [ "$(id -u)" = 0 ]; then
  mkdir -p "$PGDATA" /var/run/postgresql
  chown -R postgres:postgres "$PGDATA" /var/run/postgresql
  exec setpriv --reuid postgres --regid postgres --init-groups "$0" "$@"
fi

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  POSTGRES_USER=${POSTGRES_USER:-postgres}
  POSTGRES_DB=${POSTGRES_DB:-$POSTGRES_USER}
  method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
  if [ -z "${POSTGRES_PASSWORD:-}" ] && [ "$method" != trust ]; then
    echo 'POSTGRES_PASSWORD is not set: give one, or POSTGRES_HOST_AUTH_METHOD=trust' >&2
    exit 1
  fi
  chmod 700 "$PGDATA"
  password=$(mktemp)
  printf '%s\n' "${POSTGRES_PASSWORD:-}" > "$password"
  # An empty file is refused by initdb.
  [ -z "${POSTGRES_PASSWORD:-}" ] || set_password="--pwfile=$password"
  # shellcheck disable=SC2086 # several arguments in one variable, as in the official image
  initdb -D "$PGDATA" --username="$POSTGRES_USER" ${set_password:-} ${POSTGRES_INITDB_ARGS:-}
  rm -f "$password"
  echo "host all all all $method" >> "$PGDATA/pg_hba.conf"

  # The log must go where the final server's goes, or the line that is waited for comes only once.
  shift
  pg_ctl -D "$PGDATA" -w start -o "-c listen_addresses='' -p 5432"
  run_sql() { psql -v ON_ERROR_STOP=1 --no-psqlrc --username "$POSTGRES_USER" "$@"; }
  if [ "$POSTGRES_DB" != postgres ]; then
    echo 'CREATE DATABASE :"db";' | run_sql --dbname postgres --set db="$POSTGRES_DB"
  fi
  for file in /docker-entrypoint-initdb.d/*; do
    case "$file" in
      *.sh) if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
      *.sql) run_sql --dbname "$POSTGRES_DB" -f "$file" ;;
      *.sql.gz) gunzip -c "$file" | run_sql --dbname "$POSTGRES_DB" ;;
    esac
  done
  pg_ctl -D "$PGDATA" -m fast -w stop
  set -- postgres "$@"
  echo 'PostgreSQL init process complete; ready for start up.'
fi
exec "$@"
