import { expect, test } from "vitest";
import { exitWords } from "../../src/core/exit.ts";
import type { Exit } from "../../src/core/observed.ts";
import { wanting } from "../rig/plans.ts";
import { service } from "../rig/specs.ts";
import { Story } from "../rig/story.ts";

test.each<[Exit, string]>([
  [{ kind: "code", code: 0 }, "exit 0"],
  [{ kind: "code", code: 1 }, "exit 1"],
  [{ kind: "code", code: 126 }, "exit 126: not executable"],
  [{ kind: "code", code: 127 }, "exit 127: command not found"],
  [{ kind: "code", code: 137 }, "exit 137: killed by SIGKILL, often out of memory"],
  [{ kind: "code", code: 143 }, "exit 143: killed by SIGTERM"],
  [{ kind: "code", code: 255 }, "exit 255"],
  [{ kind: "signal", signal: "SIGKILL" }, "killed by SIGKILL, often out of memory"],
  [{ kind: "signal", signal: "SIGKILL", oom: "sure" }, "killed by the kernel: out of memory"],
  [
    { kind: "signal", signal: "SIGKILL", oom: "probable" },
    "killed by SIGKILL, probably out of memory",
  ],
  [{ kind: "signal", signal: "SIGKILL", oom: "none" }, "killed by SIGKILL"],
  [{ kind: "code", code: 137, oom: "sure" }, "exit 137: killed by the kernel, out of memory"],
  [
    { kind: "code", code: 137, oom: "probable" },
    "exit 137: killed by SIGKILL, probably out of memory",
  ],
  [{ kind: "code", code: 137, oom: "none" }, "exit 137: killed by SIGKILL"],
  [
    { kind: "code", code: 1, oom: "sure" },
    "exit 1, after the kernel killed a process of it: out of memory",
  ],
  [{ kind: "signal", signal: "SIGSEGV" }, "killed by SIGSEGV, a crash in native code"],
  [{ kind: "signal", signal: "SIGTERM" }, "killed by SIGTERM"],
  [{ kind: "spawn", message: "no such program: nod" }, "could not start: no such program: nod"],
  [{ kind: "unknown" }, "ended, nobody saw how"],
])("%j is said %s", (exit, words) => {
  expect(exitWords(exit)).toBe(words);
});

test.each<[Exit, string]>([
  [{ kind: "code", code: 1 }, "exit 1 after 3s"],
  [{ kind: "code", code: 137 }, "exit 137 after 3s: killed by SIGKILL, often out of memory"],
  [{ kind: "signal", signal: "SIGKILL" }, "killed by SIGKILL after 3s, often out of memory"],
  [
    { kind: "signal", signal: "SIGKILL", oom: "sure" },
    "killed by the kernel after 3s: out of memory",
  ],
  [{ kind: "spawn", message: "no such folder" }, "could not start: no such folder"],
])("%j after a while is said %s", (exit, words) => {
  const story = new Story(wanting(service("worker")));
  story.starts("worker");
  story.pass(3000);
  story.ends("worker", exit);
  expect(story.told().join("\n")).toContain(words);
});
