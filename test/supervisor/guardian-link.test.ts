import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { guardianCommand, startGuardian } from "../../src/supervisor/guardian.ts";
import { chargeFile } from "../../src/supervisor/guardian-charge.ts";
import { builtPackage } from "../rig/built.ts";
import { holderText } from "../rig/holder.ts";
import { createRig, type Rig } from "../rig/rig.ts";
import { freePort } from "../rig/served.ts";
import { until } from "../rig/until.ts";

/** As many as were asked for by hand: PROCS_TEST_ROUNDS=100. */
const ROUNDS = Number(process.env.PROCS_TEST_ROUNDS ?? 12);

/** Who is there now: supervisors, and the guardians beside them. */
function keepers(rig: Rig) {
  const words = rig.processes().map((pid) => [pid, ...wordsOf(pid)] as const);
  const supervisors = words.filter((line) => line.at(-2) === join(rig.folder, "holder.mjs"));
  const own = new Set(supervisors.map(([pid]) => pid));
  return {
    // What it has forked and what has not become its program yet is none.
    supervisors: [...own].filter((pid) => !own.has(parentOf(pid))),
    guardians: words.filter((line) => line.at(-2) === "procs guardian").map(([pid]) => pid),
  };
}

function wordsOf(pid: number): readonly string[] {
  return read(`/proc/${pid}/cmdline`).split("\0").slice(0, -1);
}

function parentOf(pid: number): number {
  return Number(
    read(`/proc/${pid}/stat`)
      .replace(/^.*\) /, "")
      .split(" ")[1],
  );
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** One supervisor that is ready, and the guardian in charge of it. */
function atRest(rig: Rig) {
  return until("there are a supervisor and its guardian", () => {
    const { supervisors, guardians } = keepers(rig);
    const [supervisor = 0] = supervisors;
    const inCharge = Number(read(chargeFile(rig.paths)));
    const isReady = read(join(rig.folder, "lives")).includes(`${supervisor} ready`);
    const isWhole = supervisors.length === 1 && isReady && guardians.includes(inCharge);
    return isWhole ? { supervisor, guardian: inCharge } : null;
  });
}

async function kill(pid: number): Promise<void> {
  process.kill(pid, "SIGKILL");
  await until("it has gone", () => wordsOf(pid).length === 0);
}

function launch(rig: Rig, settings: { port: number; churn: boolean }): void {
  rig.write("holder.json", JSON.stringify(settings));
  rig.write("holder.mjs", holderText(builtPackage()));
  for (const folder of [rig.paths.state, rig.paths.runtime]) mkdirSync(folder, { recursive: true });
  const entry = join(rig.folder, "holder.mjs");
  const { paths, env } = rig;
  const log = openSync(join(rig.folder, "log"), "a");
  startGuardian(guardianCommand({ paths, env, entry, fileLimit: 1024 }), "00", log);
  closeSync(log);
}

/** Greeted, or why not. */
function greet(port: number): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect(port, "127.0.0.1");
    socket.on("data", (data) => {
      text += data;
    });
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "error"));
    socket.on("close", () => resolve(text));
  });
}

test(
  "whoever of supervisor and guardians dies while sockets come and go, nobody is refused and there are never two",
  async () => {
    await using rig = await createRig();
    const port = await freePort();
    launch(rig, { port, churn: true });
    await atRest(rig);
    const answers: Record<string, number> = {};
    let isOver = false;
    const client = (async () => {
      while (!isOver) {
        const answer = await greet(port);
        answers[answer] = (answers[answer] ?? 0) + 1;
      }
    })();
    for (let round = 0; round < ROUNDS; round += 1) {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 200));
      const { supervisors, guardians } = keepers(rig);
      const which = round % 2 === 0 ? supervisors : guardians;
      const one = which[Math.floor(Math.random() * which.length)];
      if (one !== undefined && wordsOf(one).length > 0) await kill(one).catch(() => undefined);
      await atRest(rig);
    }
    isOver = true;
    await client;
    expect(answers).not.toHaveProperty("ECONNREFUSED");
    expect(answers.hello).toBeGreaterThan(ROUNDS);
    const { supervisor } = await atRest(rig);
    process.kill(supervisor, "SIGTERM");
    await until("all have gone", () => rig.processes().length === 0);
    expect(await greet(port)).toBe("ECONNREFUSED");
    // Each life that was not killed at once took the first one over; none had to bind it again.
    const began = read(join(rig.folder, "lives")).match(/began with.*/g) ?? [];
    expect(began.slice(1).filter((line) => !line.includes(":first"))).toEqual([]);
  },
  60_000 + ROUNDS * 5_000,
);

test("a supervisor that holds what it held before has no guardian replaced for it", async () => {
  await using rig = await createRig();
  const port = await freePort();
  launch(rig, { port, churn: false });
  const before = await atRest(rig);
  await kill(before.supervisor);
  const after = await atRest(rig);
  expect(after.guardian).toBe(before.guardian);
  expect(after.supervisor).not.toBe(before.supervisor);
  expect(await greet(port)).toBe("hello");
});

test("where who is in charge cannot be written down, the guardian that there is goes on", async () => {
  await using rig = await createRig();
  const port = await freePort();
  // A folder in its place: nobody can write to that.
  mkdirSync(chargeFile(rig.paths), { recursive: true });
  launch(rig, { port, churn: false });
  const lives = () => read(join(rig.folder, "lives"));
  await until("it was tried", () => lives().includes("could not be written down"));
  const { supervisors } = keepers(rig);
  await kill(supervisors[0] ?? 0);
  await until("the next one began", () => lives().split("began with").length === 3);
  expect(keepers(rig).supervisors).toHaveLength(1);
  expect(existsSync(chargeFile(rig.paths))).toBe(true);
});
