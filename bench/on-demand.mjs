// One small Python service, kept running, started on demand, and started for each connection: by procs, and by
// xinetd where it is installed. How long the first answer takes, and the next ones; and what is held in memory.
import { spawn, spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { median, withProject } from "./project.mjs";

const RUNS = Number(process.env.RUNS ?? 20);
const PYTHON = "/usr/bin/python3";

const SERVICE = `
import os, socket, sys

def answer(connection):
    name = connection.makefile("rb").readline().decode().strip()
    connection.sendall(("good day, %s\\n" % name).encode())
    connection.close()

if sys.argv[1] == "once":  # inetd: the connection is the standard input
    answer(socket.socket(fileno=0))
    sys.exit(0)
if sys.argv[1] == "wait":  # inetd, wait: the listening socket is the standard input
    server = socket.socket(fileno=0)
    server.settimeout(0.3)
elif "LISTEN_FDS" in os.environ:
    server = socket.socket(fileno=3)
while True:
    try:
        connection, _ = server.accept()
    except TimeoutError:
        sys.exit(0)
    answer(connection)
`;

const WAYS = {
  "all the time": { argv: "serve", listen: {} },
  "on demand": { argv: "serve", listen: { start: "on-demand", idle_stop: "300ms" } },
  "inetd, wait": { argv: "wait", listen: { mode: "inetd", wait: true } },
  inetd: { argv: "once", listen: { mode: "inetd", idle_stop: "300ms" } },
};

export async function bench() {
  const rows = [];
  for (const [name, { argv, listen }] of Object.entries(WAYS)) {
    rows.push(await byProcs(name, argv, listen));
  }
  if (spawnSync("sh", ["-c", "command -v xinetd"]).status === 0) rows.push(await byXinetd());
  else console.error("notice: xinetd is not installed: left out");
  const { supervisor } = rows[0];
  console.log("| | first answer | next answer | memory of the service, idle | while it is used |");
  console.log("|---|---|---|---|---|");
  for (const { name, first, next, idle, used } of rows) {
    console.log(`| ${name} | ${ms(first)} | ${ms(next)} | ${mb(idle)} | ${mb(used)} |`);
  }
  console.log(`procs itself, for any number of services: ${mb(supervisor)}`);
  const woken = rows[1].wakeUps;
  console.log(`wake-ups of procs in 5 s, with the service idle on demand: ${woken}`);
}

async function byProcs(name, argv, listen) {
  const port = await freePort();
  const service = { command: [PYTHON, "service.py", argv], listen: { port, ...listen } };
  let row;
  await withProject(JSON.stringify({ services: { s: service } }), async ({ folder, procs }) => {
    writeFileSync(join(folder, "service.py"), SERVICE);
    procs("up", "-d");
    const isIdle = () => JSON.parse(procs("ps", "--json")).services[0].state === "idle";
    const rests = argv !== "serve" || listen.start !== undefined;
    const marked = () => pidsWith(join(folder, "procs"));
    const { pid } = JSON.parse(procs("ps", "--json")).supervisor;
    const kept = () => marked().filter((one) => !isOf(one, "PROCS_SERVICE="));
    const running = () => marked().filter((one) => isOf(one, "PROCS_SERVICE=s"));
    const first = [];
    const next = [];
    for (let run = 0; run < RUNS; run += 1) {
      while (rests && !isIdle()) await pause(50);
      first.push(await ask(port));
      next.push(await ask(port));
    }
    const socket = connect(port, "127.0.0.1");
    await pause(500);
    const used = sum(running());
    socket.end("x\n");
    socket.resume();
    while (rests && !isIdle()) await pause(50);
    await pause(300);
    const before = switchesOf(pid);
    await pause(5_000);
    const wakeUps = switchesOf(pid) - before;
    const supervisor = sum(kept());
    row = { name: `procs, ${name}`, first, next, used, idle: sum(running()), supervisor, wakeUps };
  });
  return row;
}

async function byXinetd() {
  const port = await freePort();
  let row;
  await withProject("services: {}", async ({ folder }) => {
    const conf = join(folder, "xinetd.conf");
    const script = join(folder, "service.py");
    writeFileSync(script, SERVICE);
    const lines = [
      `defaults\n{\n  log_type = FILE ${join(folder, "log")}\n}`,
      "service s\n{",
      "  type = UNLISTED\n  socket_type = stream\n  protocol = tcp\n  wait = no",
      `  port = ${port}\n  bind = 127.0.0.1\n  user = ${process.env.USER ?? "root"}`,
      `  server = ${PYTHON}\n  server_args = ${script} once`,
      "  cps = 10000 1\n}",
    ];
    writeFileSync(conf, `${lines.join("\n")}\n`);
    const args = ["-dontfork", "-f", conf, "-pidfile", join(folder, "pid")];
    const xinetd = spawn("xinetd", args, { stdio: "ignore" });
    try {
      for (let tries = 0; tries < 100 && !(await ask(port).catch(() => null)); tries += 1) {
        await pause(50);
      }
      const [first, next] = [[], []];
      for (let run = 0; run < RUNS; run += 1) {
        await pause(50);
        first.push(await ask(port));
        next.push(await ask(port));
      }
      const idle = pssOf(xinetd.pid);
      const socket = connect(port, "127.0.0.1");
      await pause(500);
      const used = sum([xinetd.pid, ...childrenOf(xinetd.pid)]);
      socket.end("x\n");
      socket.resume();
      row = { name: "xinetd (itself included)", first, next, idle, used };
    } finally {
      xinetd.kill("SIGKILL");
    }
  });
  return row;
}

/** Milliseconds from the connect to the answer's end. */
function ask(port) {
  return new Promise((done, fail) => {
    const begin = performance.now();
    const socket = connect({ port, host: "127.0.0.1" });
    socket.write("Ana\n");
    let answer = "";
    socket.on("data", (part) => {
      answer += part;
    });
    socket.once("error", fail);
    socket.once("end", () => {
      if (answer === "good day, Ana\n") done(performance.now() - begin);
      else fail(new Error(`not the answer: ${JSON.stringify(answer)}`));
    });
  });
}

function freePort() {
  const server = createServer();
  return new Promise((done) =>
    server.listen(0, () => {
      const { port } = server.address();
      server.close(() => done(port));
    }),
  );
}

/** Every process that carries this in its environment, but not us and what we run. */
function pidsWith(state) {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => isOf(pid, state) && pid !== process.pid);
}

function isOf(pid, text) {
  return read(`/proc/${pid}/environ`).includes(text);
}

function childrenOf(pid) {
  return read(`/proc/${pid}/task/${pid}/children`).trim().split(" ").filter(Boolean).map(Number);
}

const sum = (pids) => pids.reduce((all, pid) => all + pssOf(pid), 0);

/** Bytes, of which what is shared with others counts in part. */
function pssOf(pid) {
  return Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) * 1_024;
}

/** How often any thread of a process was put to sleep so far. */
function switchesOf(pid) {
  const tasks = readdirSync(`/proc/${pid}/task`);
  const count = (task) => read(`/proc/${pid}/task/${task}/status`);
  const of = (text) => Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(text)?.[1] ?? 0);
  return tasks.reduce((all, task) => all + of(count(task)), 0);
}

function read(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

const ms = (values) => `${median(values).toFixed(values.every((one) => one > 10) ? 0 : 1)} ms`;
const mb = (bytes) => (bytes === 0 ? "0" : `${(bytes / 1e6).toFixed(1)} MB`);
const pause = (time) => new Promise((done) => setTimeout(done, time));
