import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import type { EventItem } from "../../src/control/protocol.ts";
import { applying, by, planning, projectOf, server, shell } from "../rig/projects.ts";
import { createRig } from "../rig/rig.ts";
import { until } from "../rig/until.ts";

test("up starts real processes, and down leaves nothing behind", async () => {
  await using rig = await createRig();
  const project = projectOf(rig, shell("web", "exec sleep 1000"));
  const result = await rig.engine.operate(applying(project), { launch: true });
  expect(result).toMatchObject({ ok: true, exit: 0 });
  expect(result.services.map((service) => [service.name, service.outcome])).toEqual([
    ["web", "ready"],
  ]);
  const snapshot = await rig.engine.snapshot();
  expect(snapshot?.services[0]).toMatchObject({ name: "web", state: "ready", ready: 1, wanted: 1 });
  const down = await rig.engine.operate({ op: "down", by, grace_ms: null }, { launch: false });
  expect(down.services.map((service) => [service.name, service.outcome])).toEqual([
    ["web", "stopped"],
  ]);
  expect(await rig.engine.version()).toBeNull();
  expect(existsSync(rig.paths.runtime)).toBe(false);
});

test("with nothing running there are no answers, and a plan adds everything", async () => {
  await using rig = await createRig();
  const project = projectOf(rig, shell("web", "sleep 1"), shell("api", "sleep 1"));
  const { engine } = rig;
  expect(await engine.version()).toBeNull();
  expect(await engine.snapshot()).toBeNull();
  expect(await engine.project()).toBeNull();
  expect(await engine.why("web")).toBeNull();
  expect((await engine.plan(planning(project))).summary).toMatchObject({ add: 2, unchanged: 0 });
  expect((await engine.plan(planning(project, { select: ["web"] }))).summary).toMatchObject({
    add: 1,
  });
  await expect(engine.plan(planning(project, { select: ["nope"] }))).rejects.toMatchObject({
    exitCode: 2,
    diagnostics: [{ code: "P803" }],
  });
  const nothing = { exitCode: 4, diagnostics: [{ code: "P602" }] };
  await expect(engine.operate({ op: "kill", by }, { launch: false })).rejects.toMatchObject(
    nothing,
  );
  const onEvent = () => undefined;
  await expect(engine.events({ since: null, follow: false, onEvent })).rejects.toMatchObject(
    nothing,
  );
  expect(existsSync(rig.paths.runtime)).toBe(false);
});

test("a plan of nothing and a plan of what runs are the same words", async () => {
  await using rig = await createRig();
  const project = projectOf(rig, shell("web", "exec sleep 1000"));
  const before = await rig.engine.plan(planning(project));
  await rig.engine.operate(applying(project, { wait: false, expect: before.id }), { launch: true });
  const after = await rig.engine.plan(planning(project));
  expect(after).toMatchObject({ changed: false, summary: { add: 0, unchanged: 1 } });
});

test("events come as they happen, until the signal or the end", async () => {
  await using rig = await createRig();
  const project = projectOf(rig, shell("web", "exec sleep 1000"));
  await rig.engine.operate(applying(project), { launch: true });
  const abort = new AbortController();
  const all: number[] = [];
  const recent: string[] = [];
  const onAny = (event: EventItem) => void all.push(event.seq);
  const first = rig.engine.events({ since: 0, follow: true, onEvent: onAny, signal: abort.signal });
  const last = rig.engine.events({
    ...{ since: new Date().toISOString(), follow: true },
    onEvent: (event) => void recent.push(event.message),
  });
  await until("history has come", () => all.length >= 3);
  abort.abort();
  await first;
  expect(all).toEqual(all.map((_, index) => index + 1));
  await rig.engine.operate({ op: "down", by, grace_ms: null }, { launch: false });
  await last;
  expect(recent.at(-1)).toBe("the supervisor leaves: nothing runs any more");
});

test("a supervisor that dies in the middle of an operation is replaced, and the next one ends it", async () => {
  await using rig = await createRig();
  const command = "sleep 1; echo up v1; exec sleep 1000";
  const project = projectOf(rig, server("web", { command }));
  let replaced = 0;
  const operation = rig.engine.operate(applying(project), {
    launch: true,
    onReplaced: () => {
      replaced += 1;
    },
  });
  const pid = await until("it starts", async () => {
    const snapshot = await rig.engine.snapshot().catch(() => null);
    return snapshot?.services[0]?.instances[0]?.pid ? (snapshot.supervisor?.pid ?? null) : null;
  });
  process.kill(pid, "SIGKILL");
  expect(await operation).toMatchObject({
    ok: true,
    services: [{ name: "web", outcome: "ready" }],
  });
  expect(replaced).toBe(1);
  // Asked twice, and started once.
  expect((await rig.engine.snapshot())?.services[0]?.instances[0]?.run).toBe(1);
});

test("a restart under which the supervisor dies is one restart", async () => {
  await using rig = await createRig();
  const command = "sleep 0.5; echo up v1; exec sleep 1000";
  await rig.engine.operate(applying(projectOf(rig, server("web", { command }))), { launch: true });
  const restart = { op: "restart", by, services: ["web"], rolling: false, apply: null } as const;
  const operation = rig.engine.operate(
    { ...restart, wait: true, timeout_ms: 20_000 },
    { launch: false },
  );
  const pid = await until("the new one is there", async () => {
    const snapshot = await rig.engine.snapshot();
    const isNew = snapshot?.services[0]?.instances.some(({ run }) => run === 2) === true;
    return isNew ? (snapshot?.supervisor?.pid ?? null) : null;
  });
  process.kill(pid, "SIGKILL");
  expect(await operation).toMatchObject({ ok: true, services: [{ outcome: "replaced" }] });
  expect((await rig.engine.snapshot())?.services[0]?.instances[0]?.run).toBe(2);
});

test("whoever follows the events misses none when the supervisor is killed", async () => {
  await using rig = await createRig();
  await rig.engine.operate(applying(projectOf(rig, server("web"))), { launch: true });
  const abort = new AbortController();
  const seen: number[] = [];
  const onEvent = ({ seq }: EventItem) => void seen.push(seq);
  const following = rig.engine.events({ since: 0, follow: true, onEvent, signal: abort.signal });
  for (let death = 0; death < 3; death++) {
    const pid = (await rig.engine.version())?.pid ?? 0;
    process.kill(pid, "SIGKILL");
    await until("the next one is there", async () => (await rig.engine.version())?.pid !== pid);
  }
  const last = (await rig.engine.snapshot())?.seq ?? 0;
  await until("all have come", () => seen.at(-1) === last);
  abort.abort();
  await following;
  expect(seen).toEqual(seen.map((_, index) => index + 1));
});
