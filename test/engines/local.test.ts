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

test("a supervisor that dies in the middle of an operation is told of", async () => {
  await using rig = await createRig();
  const project = projectOf(rig, server("web", { command: "exec sleep 1000" }));
  const operation = rig.engine.operate(applying(project), { launch: true });
  const settled = operation.catch((error: unknown) => error);
  const pid = await until("it runs", async () => (await rig.engine.version())?.pid ?? null);
  await until("it starts", async () => (await rig.engine.snapshot())?.services[0] !== undefined);
  process.kill(pid, "SIGKILL");
  expect(await settled).toMatchObject({ exitCode: 4, diagnostics: [{ code: "P602" }] });
});
