import { spawn } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { InstanceId } from "../../src/core/observed.ts";
import { digestOf } from "../../src/host/digest.ts";
import { projectMark } from "../../src/host/environment.ts";
import { markIn } from "../../src/host/tree.ts";
import { adopt, closeAll, createOne, orphaned } from "./orphans.ts";
import { API, eventually, isAlive, pidIn } from "./rig.ts";

afterEach(closeAll);

const WEB: InstanceId = { service: "web", slot: 1, run: 7 };

test("a run that nobody knows is told with its pid, its port and what it was started with", async () => {
  const { rig, spec, pid } = await orphaned(["sleep", "1000"], { port: 4100 });
  const [stray, ...more] = rig.successor().strays([]);
  expect(stray).toEqual({ id: API, pid, port: 4100, digest: digestOf(spec) });
  expect(more).toEqual([]);
});

test("one that is known is none, by its name of now or of then", async () => {
  const rig = await createOne();
  rig.host.start(API, rig.spec(["sleep", "1000"]));
  await rig.event("started");
  rig.host.rename(API, WEB);
  await rig.host.close();
  const next = rig.successor();
  expect(next.strays([])).toMatchObject([{ id: WEB }]);
  expect(next.strays([WEB])).toEqual([]);
  expect(next.strays([API])).toEqual([]);
});

test("one whose fifos were cleaned away is found by its mark", async () => {
  const { rig, pid } = await orphaned(["sleep", "1000"]);
  rmSync(rig.paths.life, { recursive: true });
  mkdirSync(rig.paths.life);
  const next = rig.successor();
  expect(next.strays([])).toMatchObject([{ id: API, pid }]);
  expect(next.strays([API])).toEqual([]);
});

test("looking takes nothing away: it can be adopted after that", async () => {
  const { rig, spec, pid } = await orphaned(["sleep", "1000"]);
  for (let times = 0; times < 3; times++) rig.successor().strays([]);
  adopt(rig, spec, { phase: "starting" });
  expect((await rig.event("started")).pid).toBe(pid);
});

test("probes and commands that a dead supervisor asked for are ended, and those of a living one are not", async () => {
  const rig = await createOne();
  const probe = {
    check: { kind: "exec", command: "echo $$ > probe; sleep 1000" },
    ...{ interval: 1_000, timeout: 60_000, failures: 1 },
  } as const;
  const spec = rig.spec(["sleep", "1000"], { alive: probe });
  rig.host.start(API, spec);
  await rig.event("started");
  rig.host.probe(API, "alive", spec);
  const ours = await pidIn(join(rig.folder, "probe"));
  expect(rig.successor().strays([API])).toEqual([]);
  expect(isAlive(ours)).toBe(true);

  // As the supervisor of another process would have marked it.
  const mark = `${projectMark(rig.paths)}:probe of api.1.${(process.pid + 1) * 2 ** 30 + 1}`;
  const child = spawn("sleep", ["1000"], { env: { PATH: "/usr/bin:/bin", PROCS_ID: mark } });
  const forgotten = child.pid ?? 0;
  await eventually("its mark", () => markIn(forgotten) === mark);
  expect(rig.successor().strays([API])).toEqual([]);
  await eventually("its end", () => !isAlive(forgotten));
  expect(isAlive(ours)).toBe(true);
});
