import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { isLocked, LOCKED_EXIT, lockText, quoted, takeByLink } from "../../src/host/lock.ts";
import { findProgram } from "../../src/host/program.ts";

const ROUNDS = 25;
const STARTERS = 6;

let folder = "";
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "procs-lock-"));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

const hasFlock = findProgram("flock", "/", "/usr/bin:/bin").kind === "found";

function holder(path: string, argv: readonly string[]) {
  const text = `${lockText(path)}\nexec ${argv.map(quoted).join(" ")}`;
  return spawn("/bin/sh", ["-c", text], { stdio: ["ignore", "pipe", "inherit"] });
}

/** Starts a locked program that says "mine"; answers once it has spoken or ended. */
function start(path: string): Promise<"mine" | number | null> {
  // Waits for its killer.
  const child = holder(path, ["/bin/sh", "-c", "echo mine; exec sleep 100"]);
  children.push(child);
  return new Promise((resolve) => {
    child.stdout.once("data", () => resolve("mine"));
    child.once("exit", (code) => resolve(code));
  });
}

test.skipIf(!hasFlock)(
  "of six that start at once, exactly one gets the lock, 25 times over a stale one",
  async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const path = join(folder, `lock-${round}`);
      writeFileSync(path, "99999999 left behind");
      const answers = await Promise.all(Array.from({ length: STARTERS }, () => start(path)));
      const mine = answers.filter((answer) => answer === "mine").length;
      const refused = answers.filter((answer) => answer === LOCKED_EXIT).length;
      expect({ round, mine, refused }).toEqual({ round, mine: 1, refused: STARTERS - 1 });
      for (const child of children.splice(0)) child.kill("SIGKILL");
    }
  },
);

test.skipIf(!hasFlock)(
  "the death of the holder frees the lock, and its children do not keep it",
  async () => {
    const path = join(folder, "lock");
    const script = `require("child_process").spawn("sleep", ["3"], {stdio: "ignore"}).unref(); console.log("mine"); setInterval(() => {}, 1000)`;
    expect(isLocked(path)).toBe(false);
    const first = holder(path, [process.execPath, "-e", script]);
    children.push(first);
    await new Promise((resolve) => first.stdout.once("data", resolve));
    expect(isLocked(path)).toBe(true);
    expect(await start(path)).toBe(LOCKED_EXIT);
    const isOver = new Promise((resolve) => first.once("exit", resolve));
    first.kill("SIGKILL");
    await isOver;
    expect(isLocked(path)).toBe(false);
    expect(await start(path)).toBe("mine");
  },
);

test("without flock: a lock of a dead process is taken, one of a living process is not", async () => {
  const path = join(folder, "lock");
  writeFileSync(path, "99999999 12345");
  expect(await takeByLink(path)).toBe(true);
  expect(await takeByLink(path)).toBe(true);
  writeFileSync(
    path,
    `${process.ppid} ${(await import("../../src/host/tree.ts")).findProcess(process.ppid)?.start}`,
  );
  expect(await takeByLink(path)).toBe(false);
});
