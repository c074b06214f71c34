import { readdirSync, readFileSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { API, createRig, eventually, type HostRig, isAlive } from "./rig.ts";

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
  expect(await next.killLeftovers(found, 5_000)).toEqual([]);
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
  expect(await next.killLeftovers(found, 100)).toEqual([]);
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
