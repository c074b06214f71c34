# Starts PostgreSQL on $PORT with its data in ./data/postgres; makes the data folder the first time.
set -eu
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1 || true)
PATH=${bin:+$bin:}$PATH
data=$PWD/data/postgres
mkdir -p "$data"
# PostgreSQL refuses to run as root: then it runs as its own user, who owns the data.
as=
if [ "$(id -u)" = 0 ]; then
  chown -R postgres "$data"
  as="setpriv --reuid=postgres --regid=postgres --clear-groups --"
fi
chmod 700 "$data"
[ -s "$data/PG_VERSION" ] || $as initdb -D "$data" -A trust -U shop >/dev/null
exec $as postgres -D "$data" -p "$PORT" -c listen_addresses=127.0.0.1 -c unix_socket_directories=
