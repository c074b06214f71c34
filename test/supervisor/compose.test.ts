import { existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { applying, by, projectOf, server } from "../rig/projects.ts";
import { createRig, pidsOf, type Rig } from "../rig/rig.ts";
import { until } from "../rig/until.ts";

const launch = { launch: true };

async function supervisorPid(rig: Rig): Promise<number> {
  return (await rig.engine.version())?.pid ?? 0;
}

const hasEnded = (rig: Rig) => until("everything has ended", () => rig.processes().length === 0);

test("SIGTERM drains in order and leaves nothing; SIGHUP means nothing", async () => {
  await using rig = await createRig();
  await rig.engine.operate(applying(projectOf(rig, server("a"))), launch);
  const pid = await supervisorPid(rig);
  process.kill(pid, "SIGHUP");
  expect(await supervisorPid(rig)).toBe(pid);
  process.kill(pid, "SIGTERM");
  await hasEnded(rig);
  expect(existsSync(rig.paths.runtime)).toBe(false);
});

test("a second signal does not wait for the grace", async () => {
  await using rig = await createRig();
  const stubborn = server("a", { command: "trap : TERM; echo up; while :; do sleep 0.05; done" });
  await rig.engine.operate(applying(projectOf(rig, stubborn)), launch);
  const pid = await supervisorPid(rig);
  process.kill(pid, "SIGTERM");
  await until(
    "it drains",
    async () => (await rig.engine.snapshot())?.services[0]?.state === "stopping",
  );
  process.kill(pid, "SIGTERM");
  await until("everything has ended", () => rig.processes().length === 0, 5_000);
});

test("down kills what does not stop in its grace and says so; kill ends the grace", async () => {
  await using rig = await createRig();
  const stubborn = server("a", { command: "trap : TERM; echo up; while :; do sleep 0.05; done" });
  await rig.engine.operate(applying(projectOf(rig, stubborn, server("b"))), launch);
  const down = rig.engine.operate({ op: "down", by, grace_ms: 300 }, { launch: false });
  expect((await down).services.map(({ name, outcome }) => [name, outcome])).toEqual([
    ["a", "killed"],
    ["b", "stopped"],
  ]);
  await rig.engine.operate(applying(projectOf(rig, stubborn)), launch);
  const slow = rig.engine.operate({ op: "down", by, grace_ms: 60_000 }, { launch: false });
  await until(
    "it drains",
    async () => (await rig.engine.snapshot())?.services[0]?.state === "stopping",
  );
  await rig.engine.operate({ op: "kill", by }, { launch: false });
  expect(await slow).toMatchObject({ exit: 0, services: [{ outcome: "killed" }] });
});

test("nothing is changed while the project goes down", async () => {
  await using rig = await createRig();
  const stubborn = server("a", { command: "trap : TERM; echo up; while :; do sleep 0.05; done" });
  const project = projectOf(rig, stubborn);
  await rig.engine.operate(applying(project), launch);
  const down = rig.engine.operate({ op: "down", by, grace_ms: 60_000 }, { launch: false });
  await until(
    "it drains",
    async () => (await rig.engine.snapshot())?.services[0]?.state === "stopping",
  );
  await expect(rig.engine.operate(applying(project), { launch: false })).rejects.toMatchObject({
    exitCode: 4,
    diagnostics: [{ code: "P611", message: '"rig" is going down' }],
  });
  // One that may start a supervisor waits for the end of this one.
  const up = rig.engine.operate(applying(project), { launch: true });
  await rig.engine.operate({ op: "kill", by }, { launch: false });
  await down;
  expect((await up).exit).toBe(0);
});

test("the project ends with the connection of its owner, and not with one that let go", async () => {
  await using rig = await createRig();
  await rig.engine.operate(applying(projectOf(rig, server("a"))), launch);
  const attach = async (own: boolean) => {
    const abort = new AbortController();
    const events: string[] = [];
    let gone: Promise<unknown> | null = null;
    await new Promise<void>((onReady) => {
      const onEvent = (event: { message: string }) => events.push(event.message);
      gone = rig.engine.attach({ own, onReady, onEvent, signal: abort.signal });
    });
    return { abort: () => abort.abort(), gone, events };
  };
  const looker = await attach(false);
  const owner = await attach(true);
  await rig.engine.detach();
  owner.abort();
  await owner.gone;
  expect((await rig.engine.snapshot())?.services[0]?.state).toBe("ready");
  const second = await attach(true);
  second.abort();
  await hasEnded(rig);
  await looker.gone;
  expect(looker.events).toContain("down: the procs up that started it went away");
  expect(looker.events.at(-1)).toBe("the supervisor leaves: nothing runs any more");
});

test("a supervisor that is killed is followed by one that goes on with what runs and what was asked", async () => {
  await using rig = await createRig();
  const project = projectOf(rig, server("a"), server("b"));
  await rig.engine.operate(applying(project), launch);
  const stop = { op: "stop", by, services: ["b"], dependents: false } as const;
  const how = { signal: null, grace_ms: null, wait: true, timeout_ms: 10_000 };
  await rig.engine.operate({ ...stop, ...how }, { launch: false });
  const before = await pidsOf(rig);
  const killed = await supervisorPid(rig);
  process.kill(killed, "SIGKILL");
  await until("another one answers", async () => (await supervisorPid(rig)) !== killed);
  expect(await pidsOf(rig)).toEqual(before);
  const result = await rig.engine.operate(applying(project), launch);
  // What was asked by hand is remembered across the crash.
  expect(result.services.map(({ name, outcome }) => [name, outcome])).toEqual([
    ["a", "unchanged"],
    ["b", "remains"],
  ]);
  expect(await pidsOf(rig)).toEqual(before);
});

test("without any record an up takes over what its file explains, and ends the rest first", async () => {
  await using rig = await createRig();
  const project = projectOf(rig, server("same"), server("other"), server("gone"));
  await rig.engine.operate(applying(project), launch);
  const before = await pidsOf(rig);
  const killed = await supervisorPid(rig);
  // It must not write another one meanwhile.
  process.kill(killed, "SIGSTOP");
  for (const name of ["state.json", "state.json.1"]) {
    rmSync(join(rig.paths.state, name), { force: true });
  }
  process.kill(killed, "SIGKILL");
  await until("another one answers", async () => (await supervisorPid(rig)) !== killed);
  await expect(rig.engine.snapshot()).rejects.toMatchObject({ diagnostics: [{ code: "P602" }] });
  for (const pids of Object.values(before)) expect(existsSync(`/proc/${pids[0]}`)).toBe(true);
  const edited = projectOf(rig, server("same"), server("other", { env: { NEW: "1" } }));
  const result = await rig.engine.operate(applying(edited), launch);
  expect(result.exit).toBe(0);
  const after = await pidsOf(rig);
  expect(after.same).toEqual(before.same);
  expect(after.other).not.toEqual(before.other);
  expect(after.gone).toBeUndefined();
  for (const name of ["other", "gone"]) {
    expect(existsSync(`/proc/${before[name]?.[0]}`)).toBe(false);
  }
});

test("files are for this user alone, and hold no value of the environment", async () => {
  await using rig = await createRig();
  const project = projectOf(rig, server("a", { env: { API_KEY: "s3cr3t-in-file" } }));
  const ambient = { PATH: "/usr/bin:/bin", TOKEN: "s3cr3t-ambient" };
  await rig.engine.operate(applying(project, { ambient }), launch);
  const files = [rig.paths.events, rig.paths.stateFile, rig.paths.supervisorLog];
  for (const file of [...files, rig.paths.socket]) {
    expect([file, statSync(file).mode & 0o777]).toEqual([file, 0o600]);
  }
  for (const file of files) expect(readFileSync(file, "utf8")).not.toContain("s3cr3t");
});

test("a reload that changes nothing writes nothing but its event", async () => {
  await using rig = await createRig();
  const project = projectOf(rig, server("a"));
  await rig.engine.operate(applying(project), launch);
  const stamp = () => statSync(rig.paths.stateFile).mtimeMs;
  // What happened is written down a moment later.
  await until("all is written", () => stamp() >= statSync(rig.paths.events).mtimeMs);
  const [before, seq] = [stamp(), (await rig.engine.snapshot())?.seq ?? 0];
  await rig.engine.operate(applying(project, { command: "reload" }), { launch: false });
  expect(stamp()).toBe(before);
  const events: string[] = [];
  const onEvent = (event: { message: string }) => events.push(event.message);
  await rig.engine.events({ since: seq, follow: false, onEvent });
  expect(events).toEqual(["reload: nothing to do, 1 unchanged"]);
});

test("a project has one owner at most", async () => {
  await using rig = await createRig();
  await rig.engine.operate(applying(projectOf(rig, server("a"))), launch);
  const abort = new AbortController();
  const how = { own: true, onEvent: () => {}, signal: abort.signal };
  let first: Promise<unknown> | null = null;
  await new Promise<void>((onReady) => {
    first = rig.engine.attach({ ...how, onReady });
  });
  await expect(rig.engine.attach({ ...how, onReady: () => {} })).rejects.toMatchObject({
    diagnostics: [{ code: "P613" }],
  });
  expect((await rig.engine.snapshot())?.services[0]?.state).toBe("ready");
  abort.abort();
  await first;
  await hasEnded(rig);
});
