import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { NOTHING, withIntent } from "../../src/core/desired.ts";
import { EMPTY } from "../../src/core/fold.ts";
import { newKey } from "../../src/supervisor/sealed.ts";
import { StateFile, type StateFileOptions } from "../../src/supervisor/state.ts";
import type { Recorded } from "../../src/supervisor/state-format.ts";
import { service, services } from "../rig/specs.ts";
import { midway } from "../simulator/simulate.ts";

let folder: string;
let path: string;
const faults: unknown[] = [];
const key = newKey();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "procs-state-"));
  path = join(folder, "state.json");
  faults.length = 0;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (options: Partial<StateFileOptions> = {}) =>
  new StateFile({
    ...{ path, version: "0.1.0", boot: "this boot", key },
    onFault(error) {
      faults.push(error);
      return false;
    },
    ...options,
  });

const env = { API_KEY: "s3cr3t", MODE: "s3cr3t too" };
const inherited = { TOKEN: "s3cr3t as well" };
const command = ["node", "api.js", "--token=s3cr3t"];
const desired = {
  ...withIntent(
    { ...NOTHING, services: services(service("api", { env, inherited, command })) },
    "api",
    { stopped: true, scale: 4 },
  ),
  selected: new Set(["api"]),
  profiles: new Set(["dev"]),
};
const recorded: Recorded = {
  ...{ desired, observed: EMPTY, project: null, ambient: inherited, owned: true },
  ...{ stamp: "1 2 3\n4 5 6", operations: ["a", "b"] },
};

test("what one supervisor knew, the next one knows", () => {
  for (const seed of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) {
    const { desired, observed } = midway(seed).snapshot();
    const all: Recorded = { ...recorded, desired, observed };
    const state = open();
    // The second one is put together from what was there for the first.
    expect(state.write(recorded, true)).toBe(true);
    expect(state.write(all, true)).toBe(true);
    const legacy = open().read();
    expect(legacy.notes).toEqual([]);
    expect(legacy.recorded).toEqual(all);
  }
});

test("nothing that a service is given is on the disk, and nobody else can read it", () => {
  open().write(recorded, true);
  open().write({ ...recorded, owned: false }, true);
  for (const name of readdirSync(folder)) {
    const file = join(folder, name);
    expect(readFileSync(file, "utf8")).not.toMatch(/s3cr3t|API_KEY|--token/);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  }
});

test("without the key there is still what was asked by hand, and how services stop", () => {
  open().write(recorded, true);
  const legacy = open({ key: newKey() }).read();
  expect(legacy.recorded).toBeNull();
  expect(legacy.notes[0]).toContain("the key of");
  const { intents, selected, profiles } = desired;
  expect(legacy.remembered).toMatchObject({ intents, selected, profiles });
  expect(legacy.remembered?.services.get("api")?.stop).toEqual({
    signal: "SIGTERM",
    timeout: 10_000,
  });
});

test("what another boot saw is not believed", () => {
  open().write(recorded, true);
  const legacy = open({ boot: "the next boot" }).read();
  expect(legacy.recorded).toBeNull();
  expect(legacy.remembered?.intents).toEqual(desired.intents);
  expect(legacy.notes).toEqual([
    "the machine was started anew since: nothing of before is taken over",
  ]);
});

const whole = () => readFileSync(path, "utf8");
test.each([
  ["nothing", () => ""],
  ["a part of it", () => whole().slice(0, 100)],
  ["all but the last byte", () => whole().slice(0, -2)],
  ["one byte changed", () => whole().replace("0.1.0", "0.2.0")],
  ["something else", () => "null\n"],
  ["binary", () => "\u0000\u0001\uFFFD"],
])("when the file holds %s, the one before it counts, and it is put aside", (_, damaged) => {
  open().write(recorded, true);
  open().write({ ...recorded, owned: false }, true);
  const content = damaged();
  writeFileSync(path, content);
  const legacy = open().read();
  expect(legacy.recorded).toEqual(recorded);
  expect(legacy.notes).toHaveLength(1);
  expect(legacy.notes[0]).toContain("cannot be used");
  expect(readFileSync(`${path}.damaged`, "utf8")).toBe(content);
});

test("a folder in its place, and one before it that is torn, are told of and stop nothing", () => {
  open().write(recorded, true);
  open().write(recorded, true);
  rmSync(path);
  mkdirSync(path);
  writeFileSync(`${path}.1`, "{");
  const legacy = open().read();
  expect(legacy).toMatchObject({ recorded: null, remembered: null });
  expect(legacy.notes).toHaveLength(2);
});

test("what asks for the same as before is written only when something happened", () => {
  const state = open();
  state.write(recorded, true);
  const before = readFileSync(path, "utf8");
  const same = { ...desired, services: services(service("api", { env, inherited, command })) };
  state.write({ ...recorded, desired: same, operations: ["c"] }, false);
  expect(readFileSync(path, "utf8")).toBe(before);
  state.write({ ...recorded, operations: ["c"] }, true);
  expect(open().read().recorded?.operations).toEqual(["c"]);
  state.write({ ...recorded, desired: { ...desired, draining: true } }, false);
  expect(open().read().recorded?.desired.draining).toBe(true);
});

test("after down there is nothing", () => {
  const state = open();
  state.write(recorded, true);
  state.write(recorded, true);
  state.remove();
  expect(readdirSync(folder)).toEqual([]);
  expect(open().read()).toEqual({ recorded: null, remembered: null, notes: [] });
});

test("a disk that takes nothing is told of and stops nothing", () => {
  const state = open({ path: join(folder, "no", "folder") });
  expect(state.write(recorded, true)).toBe(false);
  expect(faults).toHaveLength(1);
  expect(existsSync(path)).toBe(false);
});

test("a write for which room can be made is tried again at once", () => {
  rmSync(folder, { recursive: true });
  let asked = 0;
  const state = open({
    onFault() {
      asked += 1;
      if (asked === 2) mkdirSync(folder);
      return true;
    },
  });
  expect(state.write(recorded, true)).toBe(true);
  expect(asked).toBe(2);
  expect(open().read().recorded).not.toBeNull();
});
