import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { ServiceSpec } from "../../src/core/spec.ts";
import { type Recorded, readState, StateWriter } from "../../src/supervisor/state-format.ts";
import { VERSION } from "../../src/version.ts";
import { service } from "../rig/specs.ts";
import { midway } from "../simulator/simulate.ts";
import { load, save } from "../simulator/snapshot.ts";

/**
 * State files as each release of procs wrote them, with what they say. A supervisor of today must be able to go on
 * from every one. Those of the version in the making are written anew by
 *   PROCS_GOLDEN=write npx vitest run test/supervisor/state-format.test.ts
 * whenever what is written changes; those of a release never are. A folder with a word behind its version holds what
 * that version wrote before it could do what the word says, and how it is read today.
 */
const states = join(import.meta.dirname, "states");
const key = "c0ffee".padEnd(64, "0");
const SEEDS = [3, 7, 12, 40];

if (process.env.PROCS_GOLDEN === "write") {
  const folder = join(states, VERSION);
  mkdirSync(folder, { recursive: true });
  for (const seed of SEEDS) {
    const recorded = sample(seed);
    const text = new StateWriter(VERSION, "a boot").write(recorded, key, true) ?? "";
    writeFileSync(join(folder, `${seed}.state`), text);
    writeFileSync(join(folder, `${seed}.says`), `${save(recorded)}\n`);
  }
}

function sample(seed: number): Recorded {
  const { desired, observed } = midway(seed).snapshot();
  const project = {
    ...{ name: "shop", folder: "/shop", file: "/shop/procs.yaml", inputs: ["/shop/procs.yaml"] },
    ...{ reload: "manual" as const, log: { max_total: 1e9, max_age: null } },
    services: [...desired.services.values()],
    sources: { api: { "": { file: "procs.yaml", line: 3 } } },
    variables: { HOME: "/root", UNSET: null },
  };
  return {
    ...{ desired, observed, project, ambient: { PATH: "/usr/bin", LANG: "C.UTF-8" } },
    ...{ owned: seed % 2 === 0, stamp: "1 2 3", operations: ["one", "two"] },
  };
}

test("there are state files of this version", () => {
  expect(readdirSync(states)).toContain(VERSION);
});

describe.each(readdirSync(states))("the state files of procs %s", (version) => {
  const names = readdirSync(join(states, version)).filter((name) => name.endsWith(".state"));
  test.each(names)("%s says what it said then", (name) => {
    const text = readFileSync(join(states, version, name), "utf8");
    const document = readState(text, ["0".repeat(64), key]);
    const says = readFileSync(join(states, version, name.replace(/state$/, "says")), "utf8");
    expect(document).toMatchObject({ by: version.split("-")[0], boot: "a boot" });
    expect(document.recorded).toEqual(load<Recorded>(says));
  });
});

test("what is written today and read again is the same", () => {
  for (const seed of SEEDS) {
    const recorded = sample(seed);
    const text = new StateWriter("1", "boot").write(recorded, key, true) ?? "";
    expect(readState(text, [key]).recorded).toEqual(recorded);
  }
});

test("a key of a spec that an older procs did not know is what it is for a service that does not name it", () => {
  const { log: _log, ...older } = service("api");
  const recorded = sample(3);
  // What an earlier version held for a whole spec.
  const desired = { ...recorded.desired, services: new Map([["api", older as ServiceSpec]]) };
  const text = new StateWriter("0", "boot").write({ ...recorded, desired }, key, true) ?? "";
  const read = readState(text, [key]).recorded?.desired.services.get("api");
  expect(read).toEqual(service("api"));
});

test("a file of a form that is not known is refused, and named", () => {
  const text = new StateWriter("9.9.9", "boot").write(sample(3), key, true) ?? "";
  const line = (text.split("\n")[0] ?? "").replace('{"v":2', '{"v":3');
  const sum = createHash("sha256").update(line).digest("hex");
  expect(() => readState(`${line}\n${sum}\n`, [key])).toThrow("the form 3 of procs 9.9.9");
  expect(() => readState(`${line}\n`, [key])).toThrow("torn or was changed");
});
