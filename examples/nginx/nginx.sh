# One instance of nginx that accepts from the socket of procs (descriptor 3) and leaves without cutting a connection.
#
# On SIGQUIT nginx closes the connections that wait for their next request at once, and a request that is on its way then
# is lost. So first, for a second, each answer says that it is the connection's last. The signal of procs goes to nginx
# too, which only opens its logs again at SIGUSR1.
set -eu
run=$(mktemp -d)
chmod 711 "$run" # the workers of a master that is root are somebody else
trap 'rm -rf "$run"' EXIT
sed "s|@run@|$run|; s|@greeting@|$GREETING|; s|@instance@|$PROCS_INSTANCE|" nginx.conf >"$run/nginx.conf"
NGINX='3;' nginx -p "$run" -c "$run/nginx.conf" -e stderr &
trap 'touch "$run/leaving"; sleep 1; kill -QUIT $!' USR1
wait $! || wait $!
