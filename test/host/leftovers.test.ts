import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { projectMark } from "../../src/host/environment.ts";
import { projectPaths } from "../../src/paths.ts";
import { API, createRig, eventually, type HostRig, isAlive, pidIn } from "./rig.ts";

const NO_SERVICES = { services: new Map() };

const rigs: HostRig[] = [];
afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.close();
});

async function createOne(): Promise<HostRig> {
  const rig = await createRig();
  rigs.push(rig);
  return rig;
}

test("what outlives its supervisor is found by the next one, with its pid, and ended", async () => {
  const rig = await createOne();
  rig.host.start(API, rig.spec(["sleep", "1000"]));
  const { pid } = await rig.event("started");
  await rig.host.close();
  expect(isAlive(pid)).toBe(true);

  const next = rig.successor();
  const found = next.leftovers();
  expect(found).toEqual([{ id: API, pid, pids: expect.arrayContaining([pid]) }]);
  expect(await next.killLeftovers(found, NO_SERVICES)).toEqual([]);
  expect(isAlive(pid)).toBe(false);
  expect(next.leftovers()).toEqual([]);
  expect(readdirSync(rig.paths.life)).toEqual([]);
});

test("its exit is in the ledger although nobody watched", async () => {
  const rig = await createOne();
  rig.host.start(API, rig.spec(["sleep", "1000"]));
  const { pid } = await rig.event("started");
  await rig.host.close();
  process.kill(pid, "SIGTERM");
  const ledger = () => readFileSync(rig.files(API).ledger, "utf8");
  await eventually("the exit", () => ledger().endsWith("exit 143\n"));
  await eventually("nothing held", () => rig.successor().leftovers().length === 0);
});

test("one that ignores SIGTERM, or left its session, is killed after the grace", async () => {
  const rig = await createOne();
  rig.host.start(
    API,
    rig.spec("setsid sh -c 'trap : TERM; while :; do sleep 1000; done' & exit 0"),
  );
  await rig.event("exited");
  await rig.host.close();
  const next = rig.successor();
  const found = next.leftovers();
  expect(found.map((each) => each.id)).toEqual([API]);
  expect(
    await next.killLeftovers(found, {
      services: new Map([["api", rig.spec("", { stop: { signal: "SIGTERM", timeout: 100 } })]]),
    }),
  ).toEqual([]);
  expect(next.leftovers()).toEqual([]);
});

test("a renamed run is found under its new name, by the mark of its first", async () => {
  const rig = await createOne();
  const to = { service: "web.admin", slot: 1, run: 7 };
  rig.host.start(API, rig.spec(["env", "-u", "X", "sleep", "1000"]));
  const { pid } = await rig.event("started");
  rig.host.rename(API, to);
  await rig.host.close();
  const next = rig.successor();
  expect(next.leftovers()).toMatchObject([{ id: to, pid }]);
});

test("nothing is left of runs that ended", async () => {
  const rig = await createOne();
  rig.host.start(API, rig.spec(["true"]));
  await rig.event("gone");
  await rig.host.close();
  expect(rig.successor().leftovers()).toEqual([]);
});

test("one whose fifos were cleaned away is found by its mark, and ended", async () => {
  const rig = await createOne();
  rig.host.start(API, rig.spec(["sleep", "1000"]));
  const { pid } = await rig.event("started");
  await rig.host.close();
  rmSync(rig.paths.life, { recursive: true });
  mkdirSync(rig.paths.life);
  const next = rig.successor();
  const found = next.leftovers();
  expect(found).toMatchObject([{ id: API, pid }]);
  expect(await next.killLeftovers(found, NO_SERVICES)).toEqual([]);
  expect(isAlive(pid)).toBe(false);
});

test("each is ended as its service wants, after those that need it", async () => {
  const rig = await createOne();
  const script = (name: string) =>
    `trap 'echo ${name} >> ended; exit' INT; trap 'echo wrong >> ended' TERM; echo $$ > ${name}; while :; do sleep 0.01; done`;
  const stop = { signal: "SIGINT", timeout: 20_000 } as const;
  const db = rig.spec(script("db"), { name: "db", stop });
  const needs = { condition: "ready", restart: false, required: true } as const;
  const api = rig.spec(script("api"), { name: "api", stop, depends_on: { db: needs } });
  rig.host.start({ service: "db", slot: 1, run: 1 }, db);
  rig.host.start(API, api);
  for (const name of ["db", "api"]) await pidIn(join(rig.folder, name));
  await rig.host.close();
  const next = rig.successor();
  const services = new Map([
    ["db", db],
    ["api", api],
  ]);
  expect(await next.killLeftovers(next.leftovers(), { services })).toEqual([]);
  expect(readFileSync(join(rig.folder, "ended"), "utf8")).toBe("api\ndb\n");
});

test("another user's project of the same folder has other marks", () => {
  const paths = (home: string) => projectPaths("/srv/app", { HOME: home }, 0);
  expect(projectMark(paths("/root"))).not.toBe(projectMark(paths("/home/jo")));
});
