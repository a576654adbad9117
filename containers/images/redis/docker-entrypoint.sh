#!/bin/sh
# As the official image: flags alone or a configuration file go to redis-server, which runs as uid 999 and without protected
# mode (which would refuse everybody outside of the container).
set -eu

case "${1:-}" in -* | *.conf) set -- redis-server "$@" ;; esac
[ "${1:-}" = redis-server ] || exec "$@"

if [ "$(id -u)" = 0 ]; then
  chown -R redis:redis /data
  exec setpriv --reuid redis --regid redis --init-groups "$0" "$@"
fi

shift
# A configuration file must come first; what follows overrides it.
case "${1:-}" in
  '' | -*) exec redis-server --protected-mode no "$@" ;;
esac
config=$1
shift
exec redis-server "$config" --protected-mode no "$@"
