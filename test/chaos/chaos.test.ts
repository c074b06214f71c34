import { spawn } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { finished } from "../rig/project.ts";

const SCRIPT = join(import.meta.dirname, "../../scripts/chaos.mjs");
/** For a machine that is busy with other tests; the time that is promised is measured by `npm run chaos`. */
const ADOPT_MS_MAX = 15_000;

/**
 * All but the full disk, of which test/scenarios/disk-full.test.ts is: a program whose word that it is ready
 * meets a full disk does not become ready, and a round of that length has no time to see it come right.
 */
const FAULTS = "supervisor=5,instance=2,guardian=1,both=1,pause=1,tear=1";

test("a project goes on through half a minute of kill -9, torn state and edits", {
  timeout: 240_000,
}, async () => {
  const length = ["--seconds", "20", "--seed", "1", "--faults", FAULTS];
  const args = [...length, "--adopt-ms", String(ADOPT_MS_MAX)];
  const ran = await finished(
    spawn(process.execPath, [SCRIPT, ...args], { stdio: ["ignore", "pipe", "pipe"] }),
  );
  expect(ran.stderr).toBe("");
  expect(ran).toMatchObject({ code: 0 });
  const [, lines, deaths] = /(\d+) lines.* (\d+) supervisor/.exec(ran.stdout) ?? [];
  expect(Number(lines)).toBeGreaterThan(1000);
  expect(Number(deaths)).toBeGreaterThan(0);
});
