import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Exit } from "../../src/core/observed.ts";
import { type OomFacts, type OomSources, oomKills, withOom } from "../../src/host/oom.ts";

let folder = "";
let sources: OomSources = { vmstat: "", kmsg: "" };
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "procs-oom-"));
  sources = { vmstat: join(folder, "vmstat"), kmsg: join(folder, "kmsg") };
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const KILLED: Exit = { kind: "signal", signal: "SIGKILL" };
const FACTS: OomFacts = { pid: 4711, killsBefore: 3, wasKilled: false, cgroup: null };
const LINE = (pid: number) =>
  `6,812,9034567,-;Out of memory: Killed process ${pid} (node) total-vm:1kB, anon-rss:1kB, UID:0\n`;

function counted(kills: number): void {
  writeFileSync(sources.vmstat, `pgfault 12\noom_kill ${kills}\nnuma_hit 7\n`);
}

test("a SIGKILL while the kernel killed nothing was not for lack of memory", () => {
  counted(3);
  writeFileSync(sources.kmsg, LINE(4711));
  expect(withOom(KILLED, FACTS, sources)).toEqual({ ...KILLED, oom: "none" });
});

test("a SIGKILL while the kernel killed something was probably for lack of memory", () => {
  counted(4);
  expect(withOom(KILLED, FACTS, sources)).toEqual({ ...KILLED, oom: "probable" });
  const code: Exit = { kind: "code", code: 137 };
  expect(withOom(code, FACTS, sources)).toEqual({ ...code, oom: "probable" });
});

test("it is sure when the kernel's log names the program", () => {
  counted(4);
  writeFileSync(sources.kmsg, LINE(12) + LINE(4711));
  expect(withOom(KILLED, FACTS, sources)).toEqual({ ...KILLED, oom: "sure" });
});

test("a kill in the kernel's log from before the run was another's, with the same pid", () => {
  counted(4);
  writeFileSync(sources.kmsg, LINE(4711) + LINE(12));
  expect(withOom(KILLED, FACTS, sources)).toEqual({ ...KILLED, oom: "probable" });
});

test("it is sure when the run's own cgroup counts a kill, however the program ended", () => {
  counted(4);
  writeFileSync(join(folder, "memory.events"), "low 0\nhigh 0\nmax 9\noom 1\noom_kill 1\n");
  const facts = { ...FACTS, cgroup: folder };
  const code: Exit = { kind: "code", code: 1 };
  expect(withOom(code, facts, sources)).toEqual({ ...code, oom: "sure" });
  const success: Exit = { kind: "code", code: 0 };
  expect(withOom(success, facts, sources)).toBe(success);
});

test("our own SIGKILL was not for lack of memory", () => {
  counted(4);
  expect(withOom(KILLED, { ...FACTS, wasKilled: true }, sources)).toEqual({
    ...KILLED,
    oom: "none",
  });
});

test("where the kernel does not say, nothing is claimed", () => {
  expect(withOom(KILLED, FACTS, sources)).toBe(KILLED);
  counted(4);
  expect(withOom(KILLED, { ...FACTS, killsBefore: null }, sources)).toBe(KILLED);
  const other: Exit = { kind: "signal", signal: "SIGTERM" };
  expect(withOom(other, FACTS, sources)).toBe(other);
});

test.skipIf(process.platform !== "linux")("the kernel of this machine is asked", () => {
  expect(oomKills()).toBeGreaterThanOrEqual(0);
});
