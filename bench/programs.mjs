// The kinds of programs whose rolling reload is measured under load in bench/rolling.mjs. Each: `missing()` says what is not
// installed, else null; `prepare(folder, port)` fills a project's folder; `service(port)` is what procs.yaml says.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { has } from "./peers.mjs";

const EXAMPLES = resolve(import.meta.dirname, "../examples");
const NODE = process.execPath;
const SERVER = join(import.meta.dirname, "server.mjs");
// Another python3 may come first on the PATH, without the packages of the system.
const PYTHON = "/usr/bin/python3";

const WSGI = `import os
def app(environ, start_response):
    start_response("200 OK", [("Content-Length", "6"), ("X-Instance", os.environ["PROCS_INSTANCE"])])
    return [b"hello\\n"]
`;
const ASGI = `import os
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    headers = [(b"content-length", b"6"), (b"x-instance", os.environ["PROCS_INSTANCE"].encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"hello\\n"})
`;
const FASTIFY = `import Fastify from "fastify";
const app = Fastify();
app.get("/", (_request, reply) => reply.header("x-instance", process.pid).send("hello\\n"));
await app.listen({ port: Number(process.env.PORT) });
`;

let fastify = null;

/** Fastify into a folder of its own: it is no dependency of procs. */
export function installFastify(folder) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), "{}");
  const args = ["install", "--no-audit", "--no-fund", "fastify@5"];
  if (spawnSync("npm", args, { cwd: folder }).status === 0) fastify = folder;
}

const nothing = () => null;
const shared = (port) => ({ listen: port });
const proxied = (port) => ({ listen: { port, mode: "proxy" } });

export const programs = {
  node: {
    missing: nothing,
    prepare: nothing,
    service: (port) => ({ ...shared(port), command: [NODE, SERVER] }),
  },
  "node-proxy": {
    missing: nothing,
    prepare: nothing,
    service: (port) => ({ ...proxied(port), command: [NODE, SERVER] }),
  },
  fastify: {
    missing: () => (fastify === null ? "fastify could not be installed" : null),
    prepare(folder) {
      writeFileSync(join(folder, "fastify.mjs"), FASTIFY);
      cpSync(join(fastify, "node_modules"), join(folder, "node_modules"), { recursive: true });
    },
    service: (port) => ({ ...shared(port), command: [NODE, "fastify.mjs"] }),
  },
  "gunicorn-sync": gunicorn(["--workers", "2"]),
  "gunicorn-threads": gunicorn(["--threads", "8", "--keep-alive", "0"]),
  // These cut connections that wait for their next request, as their own documentation would have it.
  "gunicorn-keepalive": gunicorn(["--threads", "8"]),
  uvicorn: uvicorn("--fd 3", shared),
  "uvicorn-proxy": uvicorn("--port $PORT", proxied),
  nginx: {
    missing: () => (has("nginx") ? null : "nginx is not installed"),
    prepare: prepareNginx,
    service: (port) => ({
      ...shared(port),
      command: ["sh", "nginx.sh"],
      env: { GREETING: "hello" },
      stop: { signal: "SIGUSR1", timeout: "30s" },
    }),
  },
  "nginx-plain": {
    missing: () => (has("nginx") ? null : "nginx is not installed"),
    prepare: (folder, port) => plainNginx(folder, `[::]:${port} ipv6only=off`),
    service: (port) => ({
      ...shared(port),
      command:
        'mkdir -p run$PROCS_INSTANCE && NGINX="3;" exec nginx -p run$PROCS_INSTANCE -c "$PWD/nginx.conf" -e stderr',
      stop: { signal: "SIGQUIT", timeout: "30s" },
    }),
  },
};

function gunicorn(options) {
  return {
    missing: () => (has("gunicorn") ? null : "gunicorn is not installed"),
    prepare: (folder) => writeFileSync(join(folder, "app.py"), WSGI),
    service: (port) => ({ ...shared(port), command: ["gunicorn", ...options, "app:app"] }),
  };
}

function uvicorn(where, listen) {
  const isThere = () => spawnSync(PYTHON, ["-c", "import uvicorn"]).status === 0;
  return {
    missing: () => (isThere() ? null : "uvicorn is not installed"),
    prepare: (folder) => writeFileSync(join(folder, "app.py"), ASGI),
    service: (port) => ({
      ...listen(port),
      command: `exec ${PYTHON} -m uvicorn ${where} --log-level warning app:app`,
    }),
  };
}

function prepareNginx(folder, port) {
  cpSync(join(EXAMPLES, "nginx", "nginx.sh"), join(folder, "nginx.sh"));
  const text = readFileSync(join(EXAMPLES, "nginx", "nginx.conf"), "utf8");
  writeFileSync(join(folder, "nginx.conf"), text.replaceAll("8080", String(port)));
}

function plainNginx(folder, listen) {
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  const temporary = paths.map((name) => `  ${name}_temp_path ${name};`).join("\n");
  const server = `  server { listen ${listen}; location / { return 200 "hello\\n"; } }`;
  const text = `daemon off;\npid nginx.pid;\nworker_processes 1;\nevents {}\nhttp {\n  access_log off;\n${temporary}\n${server}\n}\n`;
  writeFileSync(join(folder, "nginx.conf"), text);
}
