import { type ChildProcess, spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type ProjectPaths, projectPaths } from "../../src/paths.ts";
import { guardianText } from "../../src/supervisor/guardian-text.ts";
import { markedProcesses, SHELLS } from "../rig/shells.ts";
import { until } from "../rig/until.ts";

let root = "";
let paths: ProjectPaths;
const children: ChildProcess[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "procs-guardian-"));
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

/** A stand-in for the supervisor, in shell; it finds its start's number in $n. */
function supervisor(body: string): readonly string[] {
  const script = join(root, "supervisor.sh");
  writeFileSync(script, `cd ${root}\necho >>starts\nn=$(wc -l <starts)\n${body}\n`);
  return ["/bin/sh", script];
}

function guard(shell: readonly string[], body: string, askEverySeconds = 10): ChildProcess {
  const text = guardianText({ paths, argv: supervisor(body), askEverySeconds });
  const [file = "", ...args] = shell;
  const child = spawn(file, [...args, "-c", 'eval "$PROCS_GUARDIAN"', "guardian"], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { PATH: process.env.PATH ?? "", PROCS_GUARDIAN: text, GUARDED_HERE: root },
  });
  child.stderr?.on("data", (data) => {
    said += data;
  });
  said = "";
  children.push(child);
  return child;
}

let said = "";
const starts = () => (existsSync(join(root, "starts")) ? read("starts").length : 0);
const read = (name: string) => readFileSync(join(root, name), "utf8");
const code = (child: ChildProcess) =>
  until("the guardian has ended", () =>
    child.exitCode === null ? null : { code: child.exitCode },
  );

function startedHere(): readonly number[] {
  return markedProcesses(`GUARDED_HERE=${root}`);
}

describe.each(SHELLS.map((shell) => [shell.join(" "), shell] as const))(
  "under %s",
  (_name, shell) => {
    test("a supervisor that leaves in order takes guardian, lock and everything else with it", async () => {
      const child = guard(shell, "exit 0");
      expect(await code(child)).toEqual({ code: 0 });
      expect([starts(), existsSync(paths.lock), startedHere(), said]).toEqual([1, false, [], ""]);
      expect(readdirSync(paths.runtime)).toEqual([]);
    });

    test.each([71, 75])(
      "exit %s ends the guardian, and leaves the lock's file to others",
      async (exit) => {
        expect(await code(guard(shell, `exit ${exit}`))).toEqual({ code: exit });
        expect([starts(), existsSync(paths.lock)]).toEqual([1, true]);
      },
    );

    test("what is killed is started anew, as often as it takes", async () => {
      const child = guard(shell, '[ "$n" -gt 6 ] && exit 0; kill -9 $$');
      expect(await code(child)).toEqual({ code: 0 });
      expect(starts()).toBe(7);
      expect(said.match(/ended \(signal 9\): starting it anew/g)).toHaveLength(6);
    });

    test("five faults of its own in a row are enough, and that is said in log and events", async () => {
      writeFileSync(paths.events, '{"v":1,"kind":"event","seq":41,"message":"before"}\n{"torn');
      expect(await code(guard(shell, "exit 70"))).toEqual({ code: 70 });
      expect(starts()).toBe(5);
      expect(said).toContain("ended 5 times by a fault of its own (code 70)");
      const lines = readFileSync(paths.events, "utf8").split("\n");
      expect(JSON.parse(lines[2] ?? "")).toMatchObject({
        v: 1,
        kind: "event",
        seq: 42,
        type: "supervisor",
      });
      expect(existsSync(paths.lock)).toBe(true);
      expect(startedHere()).toEqual([]);
    });

    test("faults are forgotten once it has answered, and other deaths are none", async () => {
      const answers = `trap 'kill -USR2 "$PROCS_GUARDED"; exit 70' WINCH; while :; do sleep 0.02; done`;
      const child = guard(
        shell,
        `[ "$n" -gt 7 ] && exit 0; [ "$n" = 3 ] && kill -9 $$; ${answers}`,
        0.1,
      );
      expect(await code(child)).toEqual({ code: 0 });
      expect(starts()).toBe(8);
    });

    test("one that does not answer is killed and started anew", async () => {
      const child = guard(shell, '[ "$n" = 2 ] && exit 0; kill -STOP $$', 0.2);
      expect(await code(child)).toEqual({ code: 0 });
      expect(said).toContain("has not answered for 2 rounds of 0.2 s: it is replaced");
    });

    test("one that answers is left alone", async () => {
      const body = `trap 'echo >>asked; kill -USR2 "$PROCS_GUARDED"' WINCH; while [ ! -e end ]; do sleep 0.02; done`;
      const child = guard(shell, body, 0.4);
      await until(
        "it was asked often",
        () => existsSync(join(root, "asked")) && read("asked").length > 4,
      );
      writeFileSync(join(root, "end"), "");
      expect(await code(child)).toEqual({ code: 0 });
      expect(starts()).toBe(1);
    });

    test("TERM is passed on once the supervisor can take it, and not before", async () => {
      const body = `while [ ! -e go ]; do sleep 0.02; done
      trap 'echo ended >end; exit 0' USR2; kill -USR2 "$PROCS_GUARDED"; while :; do sleep 0.02; done`;
      const child = guard(shell, body);
      await until("it runs", () => starts() === 1);
      child.kill("SIGTERM");
      writeFileSync(join(root, "go"), "");
      expect(await code(child)).toEqual({ code: 0 });
      expect([read("end"), starts()]).toEqual(["ended\n", 1]);
    });

    test("a guardian that is killed is noticed by its supervisor, and its lock outlives it", async () => {
      const body = `echo up >up; read -r nothing <&8; echo noticed >noticed; while :; do sleep 1; done`;
      const child = guard(shell, body);
      await until("it is up", () => existsSync(join(root, "up")));
      child.kill("SIGKILL");
      await until("it was noticed", () => existsSync(join(root, "noticed")));
      expect(await code(guard(shell, "exit 0"))).toEqual({ code: 75 });
    });

    test("between two rounds neither guardian nor its sleep wakes", async () => {
      const child = guard(
        shell,
        `trap 'exit 0' USR2; kill -USR2 "$PROCS_GUARDED"; sleep 100 & wait`,
      );
      const switches = () =>
        /^voluntary_ctxt_switches:\s+(\d+)/m.exec(
          readFileSync(`/proc/${child.pid}/status`, "utf8"),
        )?.[1];
      await until("it runs", () => starts() === 1);
      let before = switches();
      await until("it has come to rest", async () => {
        await new Promise((resolve) => setTimeout(resolve, 300));
        const now = switches();
        const isStill = now === before;
        before = now;
        return isStill;
      });
      await new Promise((resolve) => setTimeout(resolve, 1000));
      expect(switches()).toBe(before);
      child.kill("SIGTERM");
      expect(await code(child)).toEqual({ code: 0 });
    });
  },
);
