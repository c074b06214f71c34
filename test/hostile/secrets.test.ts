import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { createRig, type Rig } from "../rig/rig.ts";
import { until } from "../rig/until.ts";
import { processesOf, type Ran, ran } from "./commands.ts";

/** In the file, in an env file, in the shell, and by names that sound secret and that do not. */
const SECRETS = [
  "Fsw9-password",
  "Qx7-token",
  "Lm3-harmless",
  "Zr5-from-file",
  "Vb8-ambient",
  "Ny2-changed",
];
const [PASSWORD, TOKEN, HARMLESS, FILED, AMBIENT, CHANGED] = SECRETS;

const yaml = (password: string | undefined) => `
env_file: .env
services:
  web:
    command: while echo a line that is long enough to be rotated soon; do sleep 0.002; done
    env: { DB_PASSWORD: ${password}, API_TOKEN: ${TOKEN}, COLOUR: ${HARMLESS}, odd.name-1: ${TOKEN} }
    log: { max_size: 20KB, keep: 2 }
    stop: { timeout: 1s }
  bad:
    command: no-such-program --verbose
    env: { DB_PASSWORD: ${password} }
    restart: { backoff: 100ms..100ms, max: 3 }
  crash:
    command: exit 3
    env: { API_TOKEN: ${TOKEN} }
    restart: { backoff: 100ms..100ms }
  migrate:
    kind: task
    command: "true"
    env: { API_TOKEN: ${TOKEN} }
`;

interface Life {
  readonly rig: Rig;
  /** A command, from a shell with a secret of its own. */
  readonly procs: (...words: readonly string[]) => Promise<Ran>;
}

function told(words: readonly string[], { stdout, stderr }: Ran): readonly string[] {
  return SECRETS.filter((secret) => `${stdout}${stderr}`.includes(secret)).map(
    (secret) => `procs ${words.join(" ")} tells ${secret}`,
  );
}

/** What is wrong in the folders of procs: files and folders that others may open, and those that hold a secret. */
function wrongIn(folder: string): readonly string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const paths = entries.map((entry) => join(entry.parentPath, entry.name));
  return [folder, ...paths].flatMap((path) => {
    // Something of a run may be just leaving.
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return [];
    const mode = stats.mode & 0o777;
    const isRight = mode === (stats.isDirectory() ? 0o700 : 0o600);
    const held = stats.isFile() ? textOf(path) : "";
    const found = [
      ...SECRETS.filter((secret) => held.includes(secret)),
      ...(/\0/.test(path) ? ["NUL"] : []),
    ];
    return [
      ...(isRight ? [] : [`${path} is ${mode.toString(8)}`]),
      ...found.map((secret) => `${path} holds ${secret}`),
    ];
  });
}

function textOf(path: string): string {
  try {
    const bytes = readFileSync(path);
    return (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("latin1");
  } catch {
    return "";
  }
}

/** Everybody may read how processes were started. Those that are not programs of services have no secret inside either. */
function toldByProcesses(root: string): readonly string[] {
  return processesOf(root).flatMap(([pid, command]) => {
    const inCommand = SECRETS.filter((secret) => command.includes(secret));
    const isOurs = /supervisor\/main\.js|procs guardian/.test(command);
    const inside = isOurs ? readFileSync(`/proc/${pid}/environ`, "latin1") : "";
    return [...inCommand, ...SECRETS.filter((secret) => inside.includes(secret))].map(
      (secret) => `process ${pid} ${command.slice(0, 80)} shows ${secret}`,
    );
  });
}

async function look({ rig, procs }: Life): Promise<void> {
  const commands = [
    ["ps", "--json"],
    ["ps"],
    ["status", "web"],
    ["status", "bad", "--json"],
    ["why", "bad"],
    ["why", "crash", "--json"],
    ["events", "--json"],
    ["plan"],
    ["plan", "--json"],
    ["logs", "--json", "-n", "5"],
    ["nope", "x"],
    ["stop", "nope"],
    ["daemon", "status", "--json"],
    ["validate"],
    ["reload", "--json", "-y"],
  ];
  const all: string[] = [];
  for (const words of commands) all.push(...told(words, await procs(...words)));
  expect(all).toEqual([]);
  expect(wrongIn(dirname(dirname(rig.paths.state)))).toEqual([]);
  expect(toldByProcesses(dirname(rig.folder))).toEqual([]);
}

test("a whole life leaves no value of an environment anywhere, and nothing that others may open", async () => {
  await using rig = await createRig({ "procs.yaml": yaml(PASSWORD), ".env": `FILED=${FILED}\n` });
  const env = { ...rig.env, AMBIENT };
  const procs: Life["procs"] = (...words) =>
    ran(process.execPath, [rig.cli, ...words], { cwd: rig.folder, env });
  const life = { rig, procs };
  const started = await procs("up", "-d", "--wait-timeout", "5s");
  expect(told(["up"], started)).toEqual([]);
  expect(started.stderr).toContain("no-such-program");
  const archives = () =>
    readdirSync(join(rig.paths.runs, "web.1")).filter((name) => name.includes("@"));
  await until("its log was rotated", () => archives().length > 1);
  await look(life);

  rig.write("procs.yaml", yaml(CHANGED));
  const plan = await procs("plan");
  expect(plan.stdout).toContain("DB_PASSWORD");
  expect(told(["plan"], plan)).toEqual([]);
  expect(told(["reload"], await procs("reload", "-y", "--wait-timeout", "5s"))).toEqual([]);
  await look(life);

  const pidOf = async () => (await rig.engine.version())?.pid ?? null;
  const first = await pidOf();
  if (first !== null) process.kill(first, "SIGKILL");
  await until("another supervisor answers", async () => {
    const now = await pidOf().catch(() => null);
    return now !== null && now !== first;
  });
  await look(life);

  expect(told(["down"], await procs("down"))).toEqual([]);
  expect(wrongIn(dirname(dirname(rig.paths.state)))).toEqual([]);
  await until("all of it has ended", () => processesOf(dirname(rig.folder)).length === 0);
}, 180_000);

test("a program gets the values that are nowhere else", async () => {
  await using rig = await createRig({
    "procs.yaml": `services:\n  web:\n    command: echo "got $DB_PASSWORD"; exec sleep 1000\n    env: { DB_PASSWORD: "${PASSWORD}" }\n    ready: { log: got }\n`,
  });
  expect((await rig.procs("up", "-d")).code).toBe(0);
  expect((await rig.procs("logs")).stdout).toContain(`got ${PASSWORD}`);
  expect((await rig.procs("down")).code).toBe(0);
});
