# Starts nginx in front of the API, with a configuration made for this folder.
set -eu
run=$PWD/data/nginx
mkdir -p "$run"
cat >"$run/nginx.conf" <<CONF
daemon off;
pid $run/nginx.pid;
error_log stderr;
events {}
http {
  access_log /dev/stdout;
  client_body_temp_path $run/body;
  proxy_temp_path $run/proxy;
  fastcgi_temp_path $run/fastcgi;
  uwsgi_temp_path $run/uwsgi;
  scgi_temp_path $run/scgi;
  server {
    listen 127.0.0.1:$PORT;
    location / { proxy_pass http://127.0.0.1:$API_PORT; }
  }
}
CONF
exec nginx -e stderr -p "$run" -c "$run/nginx.conf"
