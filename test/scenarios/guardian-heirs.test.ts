import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findProcess } from "../../src/host/tree.ts";
import { type ProjectPaths, projectPaths } from "../../src/paths.ts";
import { putInCharge } from "../../src/supervisor/guardian-charge.ts";
import { guardianText } from "../../src/supervisor/guardian-text.ts";
import { markedProcesses, SHELLS } from "../rig/shells.ts";
import { until } from "../rig/until.ts";

let root = "";
let paths: ProjectPaths;
const children: ChildProcess[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "procs-heir-"));
  paths = projectPaths(root, { PROCS_STATE_DIR: join(root, "s") }, process.getuid?.() ?? 0);
  for (const folder of [paths.runtime, paths.state]) mkdirSync(folder, { recursive: true });
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await until("what it started has gone", () => {
    for (const pid of startedHere()) process.kill(pid, "SIGKILL");
    return startedHere().length === 0;
  });
  rmSync(root, { recursive: true, force: true });
});

/** The supervisor that lives: it notes what it is told, and is well unless it is stopped. */
async function ward(body = ""): Promise<ChildProcess> {
  const traps = `trap 'echo asked >>told; ${body}' WINCH; trap 'echo end >>told' USR2`;
  const script = `cd ${root}; ${traps}; echo up >up; while :; do sleep 0.02; done`;
  const child = spawn("/bin/sh", ["-c", script], { stdio: "ignore", env: marked() });
  children.push(child);
  await until("the ward is up", () => existsSync(join(root, "up")));
  return child;
}

const marked = () => ({ PATH: process.env.PATH ?? "", GUARDED_HERE: root });

interface Heir {
  readonly child: ChildProcess;
  readonly pid: number;
  /** The supervisor's end of the pipe. */
  readonly pipe: Socket;
}

/** A guardian that waits; the next supervisor's first argument is what descriptor 10 says. */
function heir(shell: readonly string[], of: ChildProcess, rounds = 10, born?: string): Heir {
  const script = join(root, "supervisor.sh");
  writeFileSync(script, `cd ${root}; echo >>starts; cat /proc/self/fd/10 >held; exit 0\n`);
  writeFileSync(join(root, "socket"), "what it holds");
  const argv = ["/bin/sh", script];
  const start = born ?? findProcess(of.pid ?? 0)?.start ?? "";
  const [file = "", ...args] = shell;
  const socket = openSync(join(root, "socket"), "r");
  const gap = ["ignore", "ignore", "ignore"] as const;
  const child = spawn(file, [...args, "-c", 'eval "$PROCS_GUARDIAN"', "guardian"], {
    stdio: ["ignore", "ignore", "pipe", ...gap, "pipe", ...gap, socket],
    env: {
      ...marked(),
      PROCS_GUARDIAN: guardianText({ paths, argv, askEverySeconds: rounds }),
      ...{ PROCS_HANDED: "heir", PROCS_WARD: `${of.pid} ${start}` },
    },
  });
  closeSync(socket);
  children.push(child);
  const ends: readonly unknown[] = child.stdio;
  const pipe = ends[6];
  if (!(pipe instanceof Socket)) throw new Error("no pipe");
  pipe.on("error", () => undefined);
  return { child, pid: child.pid ?? 0, pipe };
}

/** In charge, and begun. */
async function begun(shell: readonly string[], of: ChildProcess, rounds?: number): Promise<Heir> {
  const one = heir(shell, of, rounds);
  putInCharge(paths, one.pid);
  const ready = new Promise((done) => one.pipe.once("data", done));
  one.pipe.write("go\n");
  await ready;
  return one;
}

async function dies(of: ChildProcess, { pipe }: Heir): Promise<void> {
  of.kill("SIGKILL");
  await until("it is dead", () => of.signalCode !== null);
  pipe.destroy();
}

const code = ({ child }: Heir) =>
  until("the guardian has ended", () =>
    child.exitCode === null ? null : { code: child.exitCode },
  );
const read = (name: string) =>
  existsSync(join(root, name)) ? readFileSync(join(root, name), "utf8") : "";

function startedHere(): readonly number[] {
  return markedProcesses(`GUARDED_HERE=${root}`);
}

describe.each(SHELLS.map((shell) => [shell.join(" "), shell] as const))(
  "under %s",
  (_name, shell) => {
    test("an heir that is not named leaves when the supervisor dies: another guardian is in charge", async () => {
      const supervisor = await ward();
      const one = heir(shell, supervisor);
      putInCharge(paths, process.pid);
      await dies(supervisor, one);
      expect([await code(one), read("starts")]).toEqual([{ code: 71 }, ""]);
    });

    test("an heir that is named starts the next supervisor, also without having been told to begin", async () => {
      const supervisor = await ward();
      const one = heir(shell, supervisor);
      putInCharge(paths, one.pid);
      await dies(supervisor, one);
      expect(await code(one)).toEqual({ code: 0 });
      expect([read("starts"), read("held")]).toEqual(["\n", "what it holds"]);
    });

    test("it cares for the supervisor that lives, and passes what it holds to the next one", async () => {
      const supervisor = await ward();
      const one = await begun(shell, supervisor);
      expect(read("starts")).toBe("");
      await dies(supervisor, one);
      expect(await code(one)).toEqual({ code: 0 });
      expect([read("starts"), read("held")]).toEqual(["\n", "what it holds"]);
      expect(markedProcesses(`PROCS_NAP=${one.pid}`)).toEqual([]);
    });

    test("a stranger who has the dead supervisor's number by now is not taken for it", async () => {
      const stranger = await ward();
      const one = heir(shell, stranger, 10, "12345");
      putInCharge(paths, one.pid);
      one.pipe.write("go\n");
      expect(await code(one)).toEqual({ code: 0 });
      expect([read("starts"), stranger.signalCode]).toEqual(["\n", null]);
    });

    test("a ward that does not answer is replaced, one that does is left alone", async () => {
      const wedged = await ward();
      const one = await begun(shell, wedged, 0.2);
      await until("it was killed", () => wedged.signalCode === "SIGKILL");
      one.pipe.destroy();
      expect(await code(one)).toEqual({ code: 0 });
      rmSync(join(root, "told"));
      const well = await ward('kill -USR2 "$(cat guardian)"');
      const two = heir(shell, well, 0.2);
      writeFileSync(join(root, "guardian"), `${two.pid}`);
      putInCharge(paths, two.pid);
      two.pipe.write("go\n");
      await until("it was asked often", () => read("told").split("asked").length > 5);
      expect([well.signalCode, read("starts")]).toEqual([null, "\n"]);
    });

    test("TERM is passed on, and QUIT ends it without a trace and without the supervisor", async () => {
      const supervisor = await ward();
      const one = await begun(shell, supervisor);
      one.child.kill("SIGTERM");
      await until("it is passed on", () => read("told") === "end\n");
      one.child.kill("SIGQUIT");
      expect(await code(one)).toEqual({ code: 71 });
      expect([supervisor.signalCode, read("starts")]).toEqual([null, ""]);
      expect(markedProcesses(`PROCS_NAP=${one.pid}`)).toEqual([]);
    });

    test("a guardian whose heir was named leaves with its supervisor, and stays when that heir is dead", async () => {
      const supervisor = await ward();
      const one = await begun(shell, supervisor);
      const dead = spawnSync("true").pid;
      putInCharge(paths, dead);
      await dies(supervisor, one);
      expect([await code(one), read("starts")]).toEqual([{ code: 0 }, "\n"]);
      const next = await ward();
      const two = await begun(shell, next);
      putInCharge(paths, process.pid);
      await dies(next, two);
      expect([await code(two), read("starts")]).toEqual([{ code: 71 }, "\n"]);
    });
  },
);
