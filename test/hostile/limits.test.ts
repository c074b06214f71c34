import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ServiceStatus } from "../../src/control/snapshot.ts";
import { builtPackage } from "../rig/built.ts";
import { until } from "../rig/until.ts";
import { endAll, processesOf, type Ran, ran } from "./commands.ts";

/** Somebody for whom limits and modes count, as they do not for root. */
const USER = 54_321;
const isRoot = process.getuid?.() === 0;
const STACK = /\n\s+at .*:\d+:\d+|node:internal/;

let root: string;
let folder: string;
let state: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "procs-limits-")));
  chmodSync(root, 0o755);
  folder = join(root, "project");
  state = join(root, "s");
  for (const path of [folder, state]) mkdirSync(path);
  for (const path of [root, folder, state]) chownSync(path, isRoot ? USER : -1, isRoot ? USER : -1);
});
afterEach(async () => {
  await endAll(root);
  rmSync(root, { recursive: true, force: true });
});

function write(count: number): void {
  const one = (_: unknown, index: number) =>
    `  s${index}: { command: exec sleep 1000, restart: { backoff: 100ms..300ms, max: 1000 } }`;
  writeFileSync(
    join(folder, "procs.yaml"),
    `services:\n${Array.from({ length: count }, one).join("\n")}\n`,
  );
}

async function procs(words: readonly string[], limit: readonly string[] = []): Promise<Ran> {
  const cli = join(builtPackage(), "bin", "procs.js");
  const env = {
    PATH: "/usr/local/bin:/usr/bin:/bin",
    HOME: root,
    PROCS_STATE_DIR: state,
    PROCS_RIG: root,
  };
  const [file = "", ...args] = [...limit, process.execPath, cli, ...words];
  const who = isRoot ? { uid: USER, gid: USER } : {};
  const done = await ran(file, args, { cwd: folder, env, ...who });
  expect(done.stderr).not.toMatch(STACK);
  expect(done.stderr).not.toContain("P699");
  return done;
}

async function services(): Promise<readonly ServiceStatus[]> {
  return JSON.parse((await procs(["ps", "--json"])).stdout).services;
}

const stateOf = () => join(state, "state", readdirSync(join(state, "state"))[0] ?? "");
const alive = () =>
  processesOf(root).filter(([, command]) => !/^sleep \d\d?$|defunct/.test(command));

async function ends(): Promise<void> {
  const down = await procs(["down"]);
  expect(down.code).toBe(0);
  await until("all of it has ended", () => alive().length === 0);
}

describe("what the system gives is used up", () => {
  test.each([
    ["files", "--nofile=40", "EMFILE"],
    // For root there is no such limit.
    ...(isRoot ? [["processes", "--nproc=45", "EAGAIN"]] : []),
  ])(
    "%s: what cannot start is tried again and says why; the rest runs; down ends it",
    async (_name, limit, code) => {
      write(14);
      const up = await procs(["up", "-d", "--wait-timeout", "4s"], ["prlimit", limit]);
      expect(up.code).toBe(1);
      expect(up.stderr).toMatch(/ready in/);
      expect(up.stderr).toMatch(new RegExp(`could not start: .*\\(${code}\\).*retry \\d+ of 1000`));
      // One that has no file to spare says so, and is asked again.
      await until("it can be read up", async () =>
        (await procs(["events", "--json"])).stdout.includes(code),
      );
      await ends();
    },
  );

  test("mkfifo is not there: said, tried again, and right as soon as it is", async () => {
    write(1);
    const bin = join(root, "bin");
    mkdirSync(bin);
    writeFileSync(join(bin, "mkfifo"), "#!/bin/sh\necho no fifos today >&2\nexit 1\n", {
      mode: 0o755,
    });
    const path = `PATH=${bin}:/usr/local/bin:/usr/bin:/bin`;
    const up = await procs(["up", "-d", "--wait-timeout", "4s"], ["env", path]);
    expect(up.stderr).toContain("could not start: no fifos today");
    rmSync(join(bin, "mkfifo"));
    await until("it runs", async () => (await services())[0]?.state === "ready");
    await ends();
  });
});

describe("a folder goes away while it is in use", () => {
  test("the project's: what starts in it waits for it, and the project is found again", async () => {
    write(1);
    expect((await procs(["up", "-d"])).code).toBe(0);
    const [service] = await services();
    const pid = service?.instances[0]?.pid ?? 0;
    renameSync(folder, `${folder}-elsewhere`);
    process.kill(pid, "SIGKILL");
    const events = () =>
      processesOf(root).filter(([, command]) => command.startsWith("sleep 1000"));
    await until("it has ended", () => !events().some(([one]) => one === pid));
    renameSync(`${folder}-elsewhere`, folder);
    await until("it runs again", async () => (await services())[0]?.state === "ready");
    await ends();
  });

  test("the state's and the runtime's, both at once: it goes on, and comes back to them", async () => {
    write(1);
    expect((await procs(["up", "-d"])).code).toBe(0);
    const before = (await services())[0]?.instances[0]?.pid ?? 0;
    const kept = stateOf();
    for (const name of readdirSync(kept))
      rmSync(join(kept, name), { recursive: true, force: true });
    // It comes back to this one while it is being removed.
    await until("it is removed", () => isRemoved(join(state, "run")));
    process.kill(before, "SIGKILL");
    await until("it runs again", async () => {
      const [now] = await services().catch(() => []);
      return now?.state === "ready" && now.instances[0]?.pid !== before;
    });
    expect(
      processesOf(root).filter(([, command]) => command.startsWith("sleep 1000")),
    ).toHaveLength(1);
    await ends();
  });

  test("the state folder can only be read: what runs goes on, ps and stop and down work, and it is told", async () => {
    write(2);
    expect((await procs(["up", "-d"])).code).toBe(0);
    const kept = stateOf();
    const all = [kept, join(kept, "runs"), join(kept, "runs", "s0.1"), join(kept, "runs", "s1.1")];
    for (const path of all) chmodSync(path, 0o500);
    const before = (await services()).map((one) => one.instances[0]?.pid);
    expect((await procs(["restart", "s0", "--wait-timeout", "2s"])).code).toBe(1);
    const [s0, s1] = await services();
    expect(s0?.detail).toMatch(/could not start: .*EACCES/);
    expect(s1?.instances[0]?.pid).toBe(before[1]);
    expect((await procs(["events"])).stdout).toContain("cannot be written to (EACCES)");
    expect((await procs(["stop", "s1"])).code).toBe(0);
    for (const path of all.slice(1)) chmodSync(path, 0o700);
    await until("it runs again", async () => (await services())[0]?.state === "ready");
    await ends();
    chmodSync(kept, 0o700);
  });

  test("a state folder that can only be read from the beginning is refused in words", async () => {
    write(1);
    chmodSync(state, 0o500);
    const up = await procs(["up", "-d"]);
    if (isRoot || process.getuid?.() !== 0) expect(up.code).toBe(4);
    expect(up.stderr).toMatch(/P604|P701/);
    expect(alive()).toEqual([]);
    chmodSync(state, 0o700);
  });
});

function isRemoved(path: string): boolean {
  try {
    rmSync(path, { recursive: true, force: true });
    return true;
  } catch {
    return false;
  }
}
