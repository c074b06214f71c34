import { type ChildProcess, spawn } from "node:child_process";
import { afterEach, expect, test } from "vitest";
import {
  findProcess,
  killTrees,
  listProcesses,
  markIn,
  membersOf,
  signalProcess,
} from "../../src/host/tree.ts";
import { eventually } from "./rig.ts";

const children: ChildProcess[] = [];
afterEach(() => {
  for (const { pid = 0 } of children.splice(0)) {
    try {
      process.kill(-pid, "SIGKILL");
    } catch {
      // All of it has ended already.
    }
  }
});

/** A session of its own, as a shim leads one. */
function start(script: string, env: Record<string, string> = {}): number {
  const child = spawn("sh", ["-c", script], {
    detached: true,
    stdio: "ignore",
    env: { PATH: process.env.PATH ?? "", ...env },
  });
  children.push(child);
  return child.pid ?? 0;
}

function shimOf(pid: number) {
  const found = findProcess(pid);
  if (found === null) throw new Error(`${pid} is not there`);
  return found;
}

test("a process is known by pid and start time, and is listed", () => {
  const own = findProcess(process.pid);
  expect(own?.pid).toBe(process.pid);
  expect(own?.parent).toBe(process.ppid);
  expect(listProcesses().some(({ pid, start: at }) => pid === own?.pid && at === own.start)).toBe(
    true,
  );
  expect(findProcess(2 ** 30)).toBe(null);
});

test("a signal is not sent to another process that has the pid by now", () => {
  const shim = shimOf(start("exec sleep 1000"));
  expect(signalProcess({ ...shim, start: "1" }, "SIGKILL")).toBe(false);
  expect(findProcess(shim.pid)).not.toBe(null);
  expect(signalProcess(shim, "SIGKILL")).toBe(true);
});

test("targets without anything in common with a process never name it", () => {
  const nobody = { shim: null, mark: "", fifo: null };
  expect(membersOf([])).toEqual([]);
  expect(membersOf([nobody])).toEqual([]);
  expect(membersOf([{ ...nobody, mark: "no-such-mark" }])).toEqual([]);
});

test("a session whose number belongs to a stranger by now is not ours", () => {
  const shim = shimOf(start("sleep 1000; true"));
  expect(membersOf([{ shim, mark: "", fifo: null }]).length).toBeGreaterThan(0);
  expect(membersOf([{ shim: { ...shim, start: "1" }, mark: "", fifo: null }])).toEqual([]);
});

test.skipIf(process.platform !== "linux")(
  "the mark is read from the environment as it was at the start",
  async () => {
    const pid = start("exec sleep 1000", { PROCS_ID: "abc:grüße.1.1" });
    await eventually("exec", () => markIn(pid) === "abc:grüße.1.1");
    expect(markIn(start("exec sleep 1000"))).toBe(null);
  },
);

test("a tree that keeps forking is killed whole, and what is spared lives", async () => {
  // Bounded: at most a few hundred short sleeps are ever alive.
  const pid = start("while :; do sleep 0.2 & done");
  const spared = start("exec sleep 1000");
  const [storm, other] = [shimOf(pid), shimOf(spared)];
  await eventually("a storm", () => membersOf([{ shim: storm, mark: "", fifo: null }]).length > 20);
  const targets = [storm, other].map((shim) => ({ shim, mark: "", fifo: null }));
  const killed = killTrees(targets, new Set([spared]));
  expect([...killed.values()].flat().length).toBeGreaterThan(20);
  await eventually("the end", () => {
    return membersOf([{ shim: storm, mark: "", fifo: null }]).length === 0;
  });
  expect(findProcess(spared)).not.toBe(null);
});
