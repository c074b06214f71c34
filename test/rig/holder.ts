/**
 * The program of a supervisor that does nothing but hold sockets, as text: lock, guardian, and the sockets, as the real
 * one has them. `:first` is there from its first life on and answers; others come and go at random. What it has been
 * through is written to `lives` in the project's folder.
 */
export function holderText(built: string): string {
  return `
import { appendFileSync, closeSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
const from = (path) => import(${JSON.stringify(built)} + "/dist/" + path);
const { GuardianLink } = await from("supervisor/guardian-link.js");
const { inheritedSockets } = await from("supervisor/inherited-sockets.js");
const { closeForeignFiles } = await from("host/descriptors.js");
const { endNaps } = await from("supervisor/guardian-naps.js");
const { guardianCommand } = await from("supervisor/guardian.js");
const { takeLock, LOCKED_EXIT } = await from("host/lock.js");
const { projectPaths } = await from("paths.js");
const { env } = process;
const folder = process.argv[2];
const paths = projectPaths(folder, env, process.getuid());
const note = (words) => appendFileSync(folder + "/lives", process.pid + " " + words + "\\n");
const { port, churn } = JSON.parse(readFileSync(folder + "/holder.json", "utf8"));
if (!(await takeLock(paths.lock))) process.exit(LOCKED_EXIT);
const sockets = inheritedSockets(env);
const held = env.PROCS_LOCK ?? null;
const link = new GuardianLink({
  paths, held, sockets, key: "00", log: (words) => note("log " + words),
  own: () => guardianCommand({ paths, env, entry: process.argv[1], fileLimit: 1024 }),
  onTerminate: () => leave(),
}, env);
closeForeignFiles(new Set(sockets.values()));
endNaps(paths.id);
note("began with " + [...sockets.keys()].join(" "));
async function leave() {
  note("leaves");
  for (const name of [...wanted.keys()]) drop(name);
  await link.leave();
  note("left");
  process.exit(0);
}
process.on("SIGTERM", () => leave());
const wanted = new Map(sockets);
const servers = new Map();
const answers = (server) => server.on("connection", (one) => one.on("error", () => {}).end("hello"));
async function add(name, at) {
  const server = answers(createServer());
  servers.set(name, server);
  await new Promise((done, failed) => server.on("error", failed).listen({ ...at, backlog: 4096 }, done));
  wanted.set(name, server._handle.fd);
}
function drop(name) {
  const server = servers.get(name);
  if (server !== undefined) server.close();
  else if (wanted.has(name)) closeSync(wanted.get(name));
  servers.delete(name);
  wanted.delete(name);
}
const old = [...sockets.keys()].filter((name) => name !== ":first");
for (const name of old) drop(name);
if (!sockets.has(":first")) await add(":first", { port, host: "127.0.0.1" });
else {
  const server = answers(createServer());
  servers.set(":first", server);
  await new Promise((done) => server.listen({ fd: sockets.get(":first") }, done));
}
await link.hold(new Map(wanted));
link.isWell();
note("ready");
setInterval(() => {}, 1000);
let next = 0;
while (churn) {
  await new Promise((done) => setTimeout(done, Math.random() * 60));
  const names = [...wanted.keys()].filter((name) => name !== ":first");
  if (names.length > 0 && Math.random() < 0.5) drop(names[Math.floor(Math.random() * names.length)]);
  else await add(":" + next++, { port: 0, host: "127.0.0.1" });
  const names2 = [...wanted.keys()];
  const work = link.hold(new Map(wanted));
  if (Math.random() < 0.8) { await work; note("holds " + names2.join(" ")); }
}
`;
}
