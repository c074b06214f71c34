import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { NOTHING, withIntent } from "../../src/core/desired.ts";
import type { Basis } from "../../src/supervisor/desire.ts";
import { recall, StateFile } from "../../src/supervisor/state.ts";
import { service, services } from "../rig/specs.ts";

let folder: string;
let path: string;
const faults: unknown[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "procs-state-"));
  path = join(folder, "state.json");
  faults.length = 0;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = () => new StateFile(path, (error) => faults.push(error));

const env = { API_KEY: "s3cr3t", MODE: "s3cr3t too" };
const inherited = { TOKEN: "s3cr3t as well" };
const base: Basis = {
  desired: { ...NOTHING, services: services(service("api", { env, inherited })) },
  project: null,
  ambient: inherited,
};

test("what was asked by hand outlives a supervisor", () => {
  const desired = {
    ...withIntent(base.desired, "api", { stopped: true, scale: 4 }),
    selected: new Set(["api"]),
    profiles: new Set(["dev"]),
  };
  open().write({ ...base, desired });
  const recalled = recall(NOTHING, open().read());
  expect(recalled.intents).toEqual(desired.intents);
  expect(recalled.selected).toEqual(desired.selected);
  expect(recalled.profiles).toEqual(desired.profiles);
  expect(recalled.services.size).toBe(0);
});

test("no value of an environment is on the disk, and a changed one still shows", () => {
  open().write(base);
  const before = readFileSync(path, "utf8");
  expect(before).not.toContain("s3cr3t");
  expect(before).toContain("API_KEY");
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const changed = service("api", { env: { ...env, API_KEY: "another" }, inherited });
  open().write({ ...base, desired: { ...base.desired, services: services(changed) } });
  const hashes = (text: string) => JSON.parse(text).services[0].env;
  const after = hashes(readFileSync(path, "utf8"));
  expect(after.MODE).toBe(hashes(before).MODE);
  expect(after.API_KEY).not.toBe(hashes(before).API_KEY);
});

test("it is written only when it says something else, and gone after down", () => {
  const state = open();
  state.write(base);
  rmSync(path);
  state.write({ ...base });
  expect(existsSync(path)).toBe(false);
  state.write({ ...base, desired: withIntent(base.desired, "api", { scale: 2 }) });
  expect(existsSync(path)).toBe(true);
  state.remove();
  expect(existsSync(path)).toBe(false);
  expect(open().read()).toBeNull();
});

test.each(["", "{", '{"v":2}', "null", '{"v":1,"intents":7}'])(
  "a damaged file is put aside and told of: %s",
  (content) => {
    writeFileSync(path, content);
    expect(open().read()).toBeNull();
    expect(faults).toHaveLength(1);
    expect(existsSync(path)).toBe(false);
    expect(readFileSync(`${path}.damaged`, "utf8")).toBe(content);
  },
);

test("a disk that takes nothing is told of and stops nothing", () => {
  const state = new StateFile(join(folder, "no", "folder"), (error) => faults.push(error));
  state.write(base);
  expect(faults).toHaveLength(1);
});
