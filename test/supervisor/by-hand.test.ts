import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Operation } from "../../src/control/protocol.ts";
import { applying, broken, by, planning, projectOf, server, shell } from "../rig/projects.ts";
import { createRig, outcomes, pidsOf, type Rig } from "../rig/rig.ts";
import { until } from "../rig/until.ts";

const launch = { launch: true };
const waiting = { by, wait: true, timeout_ms: 20_000 };
const needs = (name: string) => ({
  depends_on: { [name]: { condition: "ready", restart: false, required: true } as const },
});

const stopOf = (services: readonly string[], change: object = {}): Operation => ({
  ...{ ...waiting, op: "stop", services, dependents: false, signal: null, grace_ms: null },
  ...change,
});
const startOf = (...services: readonly string[]): Operation => ({
  ...{ ...waiting, op: "start", services, deps: true },
});

function operate(rig: Rig, operation: Operation) {
  return rig.engine.operate(operation, { launch: false });
}

test("what is stopped by hand stays so across reloads, until started or named by up", async () => {
  await using rig = await createRig();
  const project = projectOf(rig, server("a"), server("b"));
  await rig.engine.operate(applying(project), launch);
  expect(outcomes(await operate(rig, stopOf(["a"])))).toEqual({ a: "stopped" });
  // Once more is no failure.
  expect(await operate(rig, stopOf(["a"]))).toMatchObject({ exit: 0 });
  const reloaded = await operate(rig, applying(project, { command: "reload" }));
  expect(outcomes(reloaded)).toEqual({ a: "remains", b: "unchanged" });
  expect(outcomes(await operate(rig, applying(project)))).toEqual({ a: "remains", b: "unchanged" });
  expect(outcomes(await operate(rig, startOf("a")))).toEqual({ a: "ready" });
  await operate(rig, stopOf(["a"]));
  const named = await operate(rig, applying(project, { select: ["a"] }));
  expect(outcomes(named)).toMatchObject({ a: "ready" });
});

test("stop with dependents ends them first", async () => {
  await using rig = await createRig();
  const project = projectOf(rig, server("db"), server("api", needs("db")));
  await rig.engine.operate(applying(project), launch);
  const result = await operate(rig, stopOf(["db"], { dependents: true }));
  expect(outcomes(result)).toEqual({ db: "stopped", api: "stopped" });
  const events: string[] = [];
  await rig.engine.events({
    ...{ since: null, follow: false },
    onEvent: ({ state, service }) => void (state === "stopped" && events.push(service ?? "")),
  });
  expect(events).toEqual(["api", "db"]);
});

test("stop takes another signal and another grace, once", async () => {
  await using rig = await createRig();
  const stubborn = server("a", {
    command: `trap 'echo usr1 > ${join(rig.folder, "got")}' USR1; trap : TERM; echo up; while :; do sleep 0.02; done`,
  });
  await rig.engine.operate(applying(projectOf(rig, stubborn)), launch);
  const result = await operate(rig, stopOf(["a"], { signal: "SIGUSR1", grace_ms: 300 }));
  expect(outcomes(result)).toEqual({ a: "killed" });
  expect(readFileSync(join(rig.folder, "got"), "utf8")).toBe("usr1\n");
});

test("start brings back what gave up, with what it needs, and runs a task again", async () => {
  await using rig = await createRig();
  const once = {
    policy: "never",
    backoff: { min: 1, max: 1 },
    reset_after: 1,
    max: 1,
    window: 1,
  } as const;
  const flag = join(rig.folder, "flag");
  const api = server("api", {
    ...needs("db"),
    restart: once,
    command: `test -e ${flag} || exit 9; echo up; exec sleep 1000`,
  });
  const task = shell("task", "echo ran", { kind: "task", restart: once });
  const project = projectOf(rig, server("db"), api, task);
  const first = await rig.engine.operate(applying(project), launch);
  expect(first.exit).toBe(1);
  expect(outcomes(first)).toEqual({ db: "ready", api: "failed", task: "done" });
  await operate(rig, stopOf(["db"]));
  rig.write("flag", "");
  expect(outcomes(await operate(rig, startOf("api")))).toEqual({ db: "ready", api: "ready" });
  expect(outcomes(await operate(rig, startOf("task")))).toEqual({ task: "done" });
  expect(existsSync(join(rig.paths.runs, "task.1", "2.out"))).toBe(true);
});

test("restart gives new processes, and applies the file to these services when asked to", async () => {
  await using rig = await createRig();
  await rig.engine.operate(applying(projectOf(rig, server("a"), server("b"))), launch);
  const pids = await pidsOf(rig);
  const restart = { ...waiting, op: "restart", services: ["a"], rolling: false } as const;
  expect(outcomes(await operate(rig, { ...restart, apply: null }))).toEqual({ a: "replaced" });
  const edited = projectOf(rig, server("a", {}, 2), server("b", {}, 2));
  const plans: unknown[] = [];
  const result = await rig.engine.operate(
    { ...restart, apply: planning(edited) },
    { launch: false, onItem: (item) => item.kind === "plan" && plans.push(item.plan) },
  );
  expect(outcomes(result)).toEqual({ a: "replaced" });
  expect(plans).toMatchObject([
    { services: [{ service: "a", changes: [{ path: "command" }] }, {}] },
  ]);
  const now = await pidsOf(rig);
  expect(now.a).not.toEqual(pids.a);
  expect(now.b).toEqual(pids.b);
  expect((await rig.engine.plan(planning(edited))).summary).toMatchObject({ change: 1 });
});

test("scale lasts across reloads until it is reset, and the plan tells of it", async () => {
  await using rig = await createRig();
  const project = projectOf(rig, server("a"));
  await rig.engine.operate(applying(project), launch);
  const before = await pidsOf(rig);
  const scale = { ...waiting, op: "scale", counts: { a: 3 } } as const;
  expect(await operate(rig, scale)).toMatchObject({
    services: [{ name: "a", outcome: "scaled", instances: 3 }],
  });
  expect((await pidsOf(rig)).a?.[0]).toBe(before.a?.[0]);
  await operate(rig, applying(project, { command: "reload" }));
  expect((await pidsOf(rig)).a).toHaveLength(3);
  expect((await rig.engine.snapshot())?.services[0]?.by_hand.scale).toBe(3);
  const reset = { command: "reload", reset_scale: true } as const;
  expect(outcomes(await operate(rig, applying(project, reset)))).toEqual({ a: "scaled" });
  expect(await pidsOf(rig)).toEqual(before);
});

test("up --scale starts with as many", async () => {
  await using rig = await createRig();
  const project = projectOf(rig, server("a"));
  await rig.engine.operate(applying(project, { scale: { a: 2 } }), launch);
  expect((await pidsOf(rig)).a).toHaveLength(2);
});

test("tasks cannot be scaled, and services that are off are not started", async () => {
  await using rig = await createRig();
  const project = projectOf(
    rig,
    server("a"),
    shell("task", "true", { kind: "task" }),
    server("off", { enabled: false }),
    server("dev", { profiles: ["dev"] }),
  );
  await rig.engine.operate(applying(project), launch);
  await expect(operate(rig, { ...waiting, op: "scale", counts: { task: 2 } })).rejects.toThrow(
    "is a task",
  );
  await expect(operate(rig, startOf("off"))).rejects.toThrow("enabled: false");
  await expect(operate(rig, startOf("dev"))).rejects.toThrow("profile dev");
  await expect(operate(rig, startOf("none"))).rejects.toMatchObject({ exitCode: 2 });
});

test("a signal reaches the program of the named instance", async () => {
  await using rig = await createRig();
  const got = join(rig.folder, "got.$PROCS_INSTANCE");
  const api = server("a", {
    instances: 2,
    command: `trap 'echo got > "${got}"' USR2; echo up; while :; do sleep 0.02; done`,
  });
  await rig.engine.operate(applying(projectOf(rig, api)), launch);
  const result = await operate(rig, {
    ...{ by, op: "signal", signal: "SIGUSR2", targets: [{ service: "a", instance: 2 }] },
  });
  expect(result).toMatchObject({ exit: 0, services: [{ outcome: "signalled", detail: "a.2" }] });
  await until("a.2 has got it", () => existsSync(join(rig.folder, "got.2")));
  expect(existsSync(join(rig.folder, "got.1"))).toBe(false);
  await operate(rig, stopOf(["a"], { grace_ms: 100 }));
  const late = await operate(rig, {
    ...{ by, op: "signal", signal: "SIGUSR2", targets: [{ service: "a", instance: null }] },
  });
  expect(late).toMatchObject({ exit: 1, services: [{ ok: false, detail: "not running" }] });
});

test("wait: for ready, for done, for stopped, and in vain", async () => {
  await using rig = await createRig();
  const never = {
    policy: "never",
    backoff: { min: 1, max: 1 },
    reset_after: 1,
    max: 1,
    window: 1,
  } as const;
  const project = projectOf(
    rig,
    server("a", { command: "sleep 0.3; echo up; exec sleep 1000" }),
    shell("task", "sleep 0.3", { kind: "task", restart: never }),
    { ...broken("bad"), restart: never },
    { ...server("hangs"), command: "exec sleep 1000" },
  );
  await rig.engine.operate(applying(project, { wait: false }), launch);
  const waitFor = (service: string, what: "ready" | "stopped" | "done", timeout_ms = 10_000) =>
    operate(rig, { by, op: "wait", services: [service], for: what, timeout_ms });
  expect(await waitFor("a", "ready")).toMatchObject({ exit: 0 });
  expect(await waitFor("task", "done")).toMatchObject({ exit: 0 });
  expect(await waitFor("bad", "ready")).toMatchObject({
    exit: 1,
    services: [{ outcome: "failed" }],
  });
  expect(await waitFor("hangs", "ready", 100)).toMatchObject({ exit: 5 });
  expect(await waitFor("a", "stopped", 50)).toMatchObject({ exit: 5 });
  const stopped = waitFor("a", "stopped");
  await operate(rig, stopOf(["a"]));
  expect(await stopped).toMatchObject({ exit: 0 });
  expect(await waitFor("a", "ready", 50)).toMatchObject({ exit: 5 });
});
