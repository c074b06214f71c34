import { spawn } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { finished } from "../rig/project.ts";

const SCRIPT = join(import.meta.dirname, "../../scripts/chaos.mjs");
/** For a machine that is busy with other tests; the time that is promised is measured by `npm run chaos`. */
const ADOPT_MS_MAX = 15_000;

test("a project goes on through half a minute of kill -9, torn state, full disks and edits", {
  timeout: 240_000,
}, async () => {
  const args = ["--seconds", "20", "--seed", "1", "--adopt-ms", String(ADOPT_MS_MAX)];
  const ran = await finished(
    spawn(process.execPath, [SCRIPT, ...args], { stdio: ["ignore", "pipe", "pipe"] }),
  );
  expect(ran.stderr).toBe("");
  expect(ran).toMatchObject({ code: 0 });
  const [, lines, deaths] = /(\d+) lines.* (\d+) supervisor/.exec(ran.stdout) ?? [];
  expect(Number(lines)).toBeGreaterThan(1000);
  expect(Number(deaths)).toBeGreaterThan(0);
});
