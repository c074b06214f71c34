import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { InstanceId } from "../../src/core/observed.ts";
import { moveRunFiles } from "../../src/host/rename-run.ts";
import { closeAll, createOne } from "./orphans.ts";
import { API, type HostRig } from "./rig.ts";

afterEach(closeAll);

const WEB: InstanceId = { service: "web", slot: 2, run: 7 };
const ENDINGS = ["out", "err", "out.idx", "out@0-100", "out@100-200.gz", "ledger"];

async function withFiles(endings: readonly string[]): Promise<HostRig> {
  const rig = await createOne();
  const { folder } = rig.files(API);
  mkdirSync(folder, { recursive: true });
  for (const ending of endings) writeFileSync(join(folder, `1.${ending}`), ending);
  // Of another run of the same slot, whose number begins alike.
  writeFileSync(join(folder, "12.out"), "another's");
  return rig;
}

test("everything of a run goes along, archives too, and nothing of other runs", async () => {
  const rig = await withFiles(ENDINGS);
  moveRunFiles(API, WEB, rig.paths);
  const { folder } = rig.files(WEB);
  expect(readdirSync(folder).sort()).toEqual(ENDINGS.map((ending) => `7.${ending}`).sort());
  for (const ending of ENDINGS)
    expect(readFileSync(join(folder, `7.${ending}`), "utf8")).toBe(ending);
  expect(readdirSync(rig.files(API).folder)).toEqual(["12.out"]);
});

test("one that was cut off at any file is finished by doing it again", async () => {
  for (let done = 0; done <= ENDINGS.length; done++) {
    const rig = await withFiles(ENDINGS.slice(done));
    const { folder } = rig.files(WEB);
    mkdirSync(folder, { recursive: true });
    for (const ending of ENDINGS.slice(0, done)) writeFileSync(join(folder, `7.${ending}`), ending);
    moveRunFiles(API, WEB, rig.paths);
    expect(readdirSync(folder).sort()).toEqual(ENDINGS.map((ending) => `7.${ending}`).sort());
    expect(existsSync(rig.files(API).ledger)).toBe(false);
  }
});
