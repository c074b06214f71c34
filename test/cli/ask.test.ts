import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createRig } from "../rig/rig.ts";
import { hasTerminals, openTerminal } from "../rig/terminal.ts";

const TWO = "name: two\nservices:\n  a: { command: sleep 1000 }\n  b: { command: sleep 1000 }\n";
const ONE = "name: two\nservices:\n  a: { command: sleep 1000 }\n";

/** A project whose next reload asks whether to remove `b`, in a terminal where it has been asked. */
async function asked() {
  const rig = await createRig({ "procs.yaml": TWO });
  await rig.procs("up", "-d");
  rig.write("procs.yaml", ONE);
  const terminal = openTerminal({ cwd: rig.folder, env: rig.env });
  const before = await terminal.asks("stty -a");
  terminal.enter(`${process.execPath} ${rig.cli} reload; echo "answered $?"`);
  await terminal.shows("[y/N]");
  const states = async () => (await rig.procs("ps", "--fields", "name,state")).stdout;
  return {
    ...{ rig, terminal, before, states },
    async [Symbol.asyncDispose]() {
      terminal[Symbol.dispose]();
      await rig[Symbol.asyncDispose]();
    },
  };
}

test.skipIf(!hasTerminals)(
  "a program that is killed at its question leaves the terminal as it was",
  async () => {
    await using it = await asked();
    const client = it.rig.processes().find((pid) => isReload(pid));
    if (client === undefined) throw new Error("nobody asks");
    process.kill(client, "SIGKILL");
    await it.terminal.shows("answered 137");
    expect(await it.terminal.asks("stty -a")).toBe(it.before);
  },
);

test.skipIf(!hasTerminals)(
  "a typed y agrees; Ctrl-D is a no; Ctrl-Z and fg keep the question",
  async () => {
    await using it = await asked();
    it.terminal.press("C-d");
    await it.terminal.shows("answered 1");
    expect(await it.states()).toContain("b\tready");
    it.terminal.enter(`${process.execPath} ${it.rig.cli} reload; echo "again $?"`);
    await it.terminal.shows(/\[y\/N\][\s\S]*\[y\/N\]/);
    it.terminal.press("C-z");
    await it.terminal.shows(/Stopped|suspended/);
    it.terminal.enter("fg");
    it.terminal.enter("y");
    await it.terminal.shows("reloaded in");
    expect(await it.states()).not.toContain("b\t");
  },
);

function isReload(pid: number): boolean {
  return readFileSync(`/proc/${pid}/cmdline`, "latin1").endsWith("\0reload\0");
}
