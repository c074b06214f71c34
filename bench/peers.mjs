// What serves in the benches of sockets: procs and its peers, each with the same plain server (bench/server.mjs).
// Each peer: `missing()` says in words what is not installed, else null; `start(setup)` resolves when it answers, to
// `{ port, reload(env), stop() }`. `setup`: a folder of its own, the number of instances, the environment of the program.
import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BIN } from "./project.mjs";

const SERVER = join(import.meta.dirname, "server.mjs");
const NODE = process.execPath;

export const share = procs("procs, shared socket", "share");
export const proxy = procs("procs, proxy", "proxy");

/** What runs now and has to be ended, whatever happens. */
const running = new Set();
const folders = new Set();
let isEnding = false;

/** A bench that is interrupted leaves nothing behind either. */
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.once(signal, async () => {
    isEnding = true;
    await Promise.allSettled([...running].map((end) => end()));
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
    process.exit(130);
  });
}

/** Removed when the bench is interrupted; otherwise whoever asked for it removes it. */
export function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), "procs-bench-"));
  folders.add(folder);
  return folder;
}

/** Before something is started: how it is ended. Nothing is started any more once the bench is interrupted. */
async function ending(end) {
  if (isEnding) await new Promise(() => {});
  const once = () => {
    running.delete(once);
    return end();
  };
  running.add(once);
  return once;
}

/** PM2 7 in cluster mode, from the PATH or from a folder that `installPm2` filled. */
export const pm2 = {
  name: "PM2 7, cluster mode",
  missing: () => (pm2Bin() === null ? "pm2 (npm install -g pm2@7)" : null),
  async start({ folder, instances, env }) {
    const port = await freePort();
    const home = join(folder, "pm2");
    const all = { ...process.env, ...env, PORT: String(port), PM2_HOME: home };
    all.PM2_DISABLE_VERSION_CHECK = "1";
    copyFileSync(SERVER, join(folder, "server.mjs"));
    const run = (args, more) => ran(pm2Bin(), args, { cwd: folder, env: { ...all, ...more } });
    // Its daemon ends with this, and it is the one of our own PM2_HOME.
    const stop = await ending(() => run(["kill"], {}));
    await run(["start", "server.mjs", "--name", "web", "-i", String(instances)], {});
    await answers(port);
    return {
      port,
      reload: (changed) => run(["reload", "web", "--update-env"], changed),
      stop,
    };
  },
};

/** node:cluster has no reload of its own. */
export const cluster = plain("node:cluster", (port, { instances }) => [
  spawnNode("cluster.mjs", { PORT: String(port), INSTANCES: String(instances) }),
]);

export const tcpProxy = behind(
  "plain Node TCP proxy",
  () => null,
  (port, upstreams) =>
    spawnNode("tcp-proxy.mjs", { PORT: String(port), UPSTREAMS: upstreams.join(",") }),
);

export const haproxy = behind(
  "haproxy",
  () => (has("haproxy") ? null : "haproxy"),
  (port, upstreams, folder) => {
    const servers = upstreams.map((to, i) => `  server s${i} 127.0.0.1:${to}`).join("\n");
    const times = "  timeout connect 5s\n  timeout client 60s\n  timeout server 60s";
    const file = join(folder, "haproxy.cfg");
    const text = `defaults\n  mode tcp\n${times}\nlisten web\n  bind :${port}\n  balance leastconn\n${servers}\n`;
    writeFileSync(file, text);
    return spawn("haproxy", ["-db", "-f", file], { stdio: "ignore", detached: true });
  },
);

/** Whether a command is installed. */
export function has(command) {
  return spawnSync("sh", ["-c", `command -v ${command}`]).status === 0;
}

/** PM2 into a folder, where it is not on the PATH; what npm says if it cannot. */
export async function installPm2(folder) {
  if (pm2Bin() !== null) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), "{}");
  const args = ["install", "--no-audit", "--no-fund", "--no-save", "pm2@7"];
  const { code, text } = await ran("npm", args, { cwd: folder, env: process.env });
  const bin = join(folder, "node_modules", ".bin", "pm2");
  if (code === 0 && existsSync(bin)) installed = bin;
  else console.log(`pm2 could not be installed:\n${text.slice(-500)}`);
}

let installed = null;

function pm2Bin() {
  return installed ?? (has("pm2") ? "pm2" : null);
}

/** A project with one service `web`: what `describe` says for a port, and an environment. */
export function procsOf(name, describe, prepare) {
  return {
    name,
    missing: () => null,
    async start({ folder, env, ...setup }) {
      const port = await freePort();
      const all = { ...process.env, PROCS_STATE_DIR: join(folder, "procs") };
      const run = (...args) => ran(NODE, [BIN, ...args], { cwd: folder, env: all });
      prepare(folder, port);
      let generation = 0;
      const write = (changed) => {
        generation += 1;
        const service = describe(port, setup);
        const own = { ...service.env, ...env, GENERATION: String(generation), ...changed };
        const services = { web: { ...service, env: own } };
        writeFileSync(join(folder, "procs.yaml"), JSON.stringify({ services }));
      };
      const stop = await ending(() => run("down", "-t", "1s"));
      write({});
      try {
        const up = await run("up", "-d");
        if (up.code !== 0) throw new Error(`procs up: ${up.code}\n${up.text}`);
        await answers(port);
      } catch (error) {
        await stop();
        throw error;
      }
      return {
        port,
        reload(changed) {
          write(changed);
          return run("reload", "-y");
        },
        stop,
      };
    },
  };
}

function procs(name, mode) {
  const describe = (port, { instances }) => ({
    command: [NODE, SERVER],
    listen: { port, mode },
    instances,
  });
  return procsOf(name, describe, () => {});
}

/** Programs without a manager, each in front of two plain servers. */
function behind(name, missing, front) {
  const peer = plain(name, async (port, { folder, instances }) => {
    const upstreams = [];
    for (let i = 0; i < instances; i += 1) upstreams.push(await freePort());
    const servers = upstreams.map((to) => spawnNode("server.mjs", { PORT: String(to) }));
    await Promise.all(upstreams.map((to) => answers(to)));
    return [front(port, upstreams, folder), ...servers];
  });
  return { ...peer, missing };
}

function plain(name, begin) {
  return {
    name,
    missing: () => null,
    async start(setup) {
      const port = await freePort();
      const children = [];
      const stop = await ending(async () => {
        for (const child of children) child.kill("SIGTERM");
      });
      children.push(...(await begin(port, setup)));
      await answers(port);
      return {
        port,
        reload: () => Promise.reject(new Error(`${name} has no reload`)),
        stop,
      };
    },
  };
}

function spawnNode(file, env) {
  return spawn(NODE, [join(import.meta.dirname, file)], {
    env: { ...process.env, ...env },
    stdio: "ignore",
    // In a session of its own, as PM2 and procs have theirs: Linux gives each session its part of a busy processor.
    detached: true,
  });
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function answers(port) {
  const end = performance.now() + 20_000;
  for (;;) {
    const reply = await fetch(`http://127.0.0.1:${port}/`).catch(() => null);
    if (reply?.ok) return reply.text();
    if (performance.now() > end) throw new Error(`nothing answers on port ${port}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Exit code, what was said, and the milliseconds that it took. */
export function ran(command, args, options) {
  const begin = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (part) => {
        text += part;
      });
    }
    child.on("error", reject);
    // Not "close": a daemon that was started may keep the pipes.
    child.on("exit", (code) => {
      child.stdout.destroy();
      child.stderr.destroy();
      resolve({ code, text, tookMs: Math.round(performance.now() - begin) });
    });
  });
}
