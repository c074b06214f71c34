import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { createRig, type Rig } from "../rig/rig.ts";
import { until } from "../rig/until.ts";
import { endAll, processesOf } from "./commands.ts";

const YAML = {
  "procs.yaml":
    "services:\n  web:\n    command: echo hello from web; exec sleep 1000\n    ready: { log: hello }\n",
};
const STACK = /\n\s+at .*:\d+:\d+|node:internal/;

/** What a hand, a crash, a restored backup or somebody who means ill may leave where a file of procs should be. */
const DAMAGES: Readonly<Record<string, (path: string, foreign: string) => void>> = {
  "an empty file": (path) => writeFileSync(path, ""),
  "half of it": (path) => {
    const text = existsSync(path) ? readFileSync(path) : Buffer.from('{"v":1,');
    writeFileSync(path, text.subarray(0, text.length / 2));
  },
  "random bytes": (path) =>
    writeFileSync(path, Buffer.from(Array.from({ length: 5_000 }, (_, n) => (n * 7919) % 256))),
  "JSON of something else": (path) =>
    writeFileSync(path, '[null]\n{"v":1}\nnull\n{"v":99,"kind":"event","seq":1e300}\n'),
  "a folder": (path) => mkdirSync(path),
  "a folder with something in it": (path) => mkdirSync(join(path, "x"), { recursive: true }),
  "a fifo": (path) => execFileSync("mkfifo", [path]),
  "a link to a file of somebody else": (path, foreign) =>
    symlinkSync(join(foreign, "precious"), path),
  "a link to nowhere": (path) => symlinkSync("/nowhere/at/all", path),
  "a link to itself": (path) => symlinkSync(basename(path), path),
  "a file that nobody may read": (path) => {
    writeFileSync(path, "x");
    chmodSync(path, 0);
  },
  gigabytes: (path) => {
    // A log may be as long as that.
    if (/\.(out|err)$/.test(path)) return;
    writeFileSync(path, "{");
    truncateSync(path, 3 * 1024 ** 3);
  },
};

/** What stays after a `down`, and is read by the next supervisor, or by commands while none runs. */
function keptFiles({ paths }: Rig): readonly string[] {
  const { lock, address, events, stateFile, supervisorLog } = paths;
  return [
    lock,
    address,
    events,
    `${events}.1`,
    stateFile,
    `${stateFile}.1`,
    `${stateFile}.new`,
    supervisorLog,
  ];
}

function runFilesOf({ paths }: Rig): readonly string[] {
  const folder = join(paths.runs, "web.1");
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
}

describe("with this in the place of every file of procs, everything works and nothing foreign is touched", () => {
  test.each(Object.entries(DAMAGES))("%s", async (_name, damage) => {
    await using rig = await createRig(YAML);
    const foreign = join(dirname(rig.folder), "foreign");
    mkdirSync(foreign);
    writeFileSync(join(foreign, "precious"), "mine");
    expect(await rig.procs("up", "-d")).toMatchObject({ code: 0 });
    expect(await rig.procs("down")).toMatchObject({ code: 0 });
    for (const path of [...keptFiles(rig), ...runFilesOf(rig)]) {
      if (damage !== DAMAGES["half of it"]) rmSync(path, { recursive: true, force: true });
      damage(path, foreign);
    }
    // First without a supervisor, then with one, then without again.
    const looks = [["ps"], ["events"], ["logs", "--since", "1h"], ["status", "web"]];
    for (const words of [...looks, ["up", "-d"], ...looks, ["down"]]) {
      const done = await rig.procs(...words);
      expect({ words, said: done.stderr.match(STACK) }).toEqual({ words, said: null });
      expect({ words, isBug: done.stderr.includes("P699") }).toEqual({ words, isBug: false });
      if (/up|down/.test(words[0] ?? ""))
        expect({ ...done, words }).toMatchObject({ words, code: 0 });
    }
    expect(readFileSync(join(foreign, "precious"), "utf8")).toBe("mine");
    expect(readdirSync(foreign)).toEqual(["precious"]);
    await until("all of it has ended", () => processesOf(dirname(rig.folder)).length === 0);
  });
});

describe("the supervisor and its guardian are killed, and their record is not what it was", () => {
  /** Of the record: `sum` tells whether the rest is as it was written. */
  const edited = (change: (text: string) => string) => (path: string) =>
    writeFileSync(path, change(readFileSync(path, "utf8")));
  const records: Readonly<Record<string, (path: string) => void>> = {
    empty: (path) => writeFileSync(path, ""),
    torn: edited((text) => text.slice(0, text.length / 2)),
    "edited by hand": edited((text) => text.replace("web", "wab")),
    "of another version": edited((text) => text.replace(/"v":\d+/, '"v":99')),
    "a folder": (path) => {
      rmSync(path);
      mkdirSync(path);
    },
    gone: (path) => rmSync(path),
  };
  test.each(Object.entries(records))(
    "%s: nothing runs twice, and a down ends it all",
    async (_name, change) => {
      await using rig = await createRig(YAML);
      const root = dirname(rig.folder);
      expect(await rig.procs("up", "-d")).toMatchObject({ code: 0 });
      const sleepers = () =>
        processesOf(root).filter(([, command]) => command.startsWith("sleep 1000"));
      const [before] = sleepers();
      const version = await rig.engine.version();
      const guardian = (version as { guardian?: number } | null)?.guardian;
      for (const pid of [guardian, version?.pid]) if (pid != null) process.kill(pid, "SIGKILL");
      for (const path of [rig.paths.stateFile, `${rig.paths.stateFile}.1`])
        if (existsSync(path)) change(path);
      expect(await rig.procs("up", "-d")).toMatchObject({ code: 0 });
      expect(sleepers()).toHaveLength(1);
      expect(before).toBeDefined();
      const ps = JSON.parse((await rig.procs("ps", "--json")).stdout);
      expect(ps.services[0]).toMatchObject({ name: "web", state: "ready", ready: 1 });
      expect(await rig.procs("down")).toMatchObject({ code: 0 });
      await endAll(root);
    },
  );
});
