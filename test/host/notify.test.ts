import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import type { Check, ServiceSpec } from "../../src/core/spec.ts";
import { listProcesses } from "../../src/host/tree.ts";
import { adopt, closeAll, createOne, kinds, orphaned } from "./orphans.ts";
import { API, eventually, type HostRig, pidIn } from "./rig.ts";

afterEach(closeAll);

function ready(check: Check): Partial<ServiceSpec> {
  return { ready: { check, interval: 1_000, timeout: 60_000, failures: 1 } };
}

const NOTIFY = ready({ kind: "notify" });
const MESSAGE = ready({ kind: "message" });
const SEND = `perl -MSocket -e 'socket(S, AF_UNIX, SOCK_DGRAM, 0); send(S, $ARGV[0], 0, pack_sockaddr_un($ENV{NOTIFY_SOCKET})) or die $!'`;
const WAIT = "until [ -e go ]; do sleep 0.01; done";

/** The bridges of this test's folder. */
function bridges(rig: HostRig): readonly number[] {
  return listProcesses()
    .filter(
      ({ pid }) =>
        argvOf(pid).includes(join(rig.folder, ".state")) && argvOf(pid).includes("notify"),
    )
    .map(({ pid }) => pid);
}

function argvOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch {
    return "";
  }
}

describe("READY=1", () => {
  test("that comes while no supervisor lives is heard by the next one", async () => {
    const { rig, spec } = await orphaned(
      `${WAIT}; ${SEND} READY=1; echo sent > sent; sleep 1000`,
      NOTIFY,
    );
    writeFileSync(join(rig.folder, "go"), "");
    await eventually("sent", () => existsSync(join(rig.folder, "sent")));
    adopt(rig, spec);
    expect(await rig.event("probed")).toMatchObject({ ok: true, detail: "READY=1" });
    expect(kinds(rig)).toEqual(["started", "probed"]);
  });

  test("that comes after the adoption is heard too", async () => {
    const { rig, spec } = await orphaned(`${WAIT}; ${SEND} READY=1; sleep 1000`, NOTIFY);
    adopt(rig, spec);
    await rig.event("started");
    expect(kinds(rig)).toEqual(["started"]);
    writeFileSync(join(rig.folder, "go"), "");
    expect(await rig.event("probed")).toMatchObject({ ok: true, detail: "READY=1" });
  });
});

test("a folder that was cleaned away is said to be, not waited for", async () => {
  const { rig, spec } = await orphaned(["sleep", "1000"], NOTIFY);
  rmSync(join(rig.paths.runtime, "exchange"), { recursive: true });
  adopt(rig, spec);
  const { ok, detail } = await rig.event("probed");
  expect([ok, detail]).toEqual([false, expect.stringContaining("cleaned away")]);
});

describe("the bridge", () => {
  test("lives as long as the run, and no longer, whoever looks", async () => {
    const { rig, spec } = await orphaned(`${WAIT}; exit 0`, NOTIFY);
    expect(bridges(rig).length).toBe(1);
    const next = adopt(rig, spec);
    await rig.event("started");
    await next.close();
    expect(bridges(rig).length).toBe(1);
    writeFileSync(join(rig.folder, "go"), "");
    await eventually("no bridge", () => bridges(rig).length === 0);
  });

  test("of a run that was never spawned goes with the supervisor", async () => {
    const rig = await createOne();
    rig.host.start(API, rig.spec(["sleep", "1000"], NOTIFY));
    await eventually("a bridge", () => bridges(rig).length === 1);
    await rig.host.close();
    await eventually("no bridge, or a run", () => {
      return bridges(rig).length === 0 || rig.successor().strays([]).length > 0;
    });
  });

  test("is no part of the run, and knows nothing of the supervisor's environment", async () => {
    const rig = await createOne();
    rig.host.start(API, rig.spec("sleep 1000", NOTIFY));
    await rig.event("started");
    const [pid = 0] = bridges(rig);
    const environment = readFileSync(`/proc/${pid}/environ`, "latin1");
    expect(environment.split("\0").filter((pair) => !pair.startsWith("PATH="))).toEqual([""]);
    rig.host.kill(API);
    await rig.event("gone");
    await eventually("no bridge", () => bridges(rig).length === 0);
  });

  test("goes on when the run is renamed", async () => {
    const rig = await createOne();
    const web = { service: "web", slot: 1, run: 1 };
    const spec = rig.spec(`${WAIT}; ${SEND} READY=1; sleep 1000`, NOTIFY);
    rig.host.start(API, spec);
    await rig.event("started");
    rig.host.rename(API, web);
    await rig.host.close();
    rig.events.splice(0);
    writeFileSync(join(rig.folder, "go"), "");
    adopt(rig, spec, { id: web });
    expect(await rig.event("probed", web)).toMatchObject({ ok: true, detail: "READY=1" });
  });
});

test.skipIf(process.getuid?.() !== 0)(
  "a program of another user is taken over, heard and stopped",
  async () => {
    const go = join(mkdtempSync(join(tmpdir(), "procs-go-")), "go");
    chmodSync(dirname(go), 0o755);
    const wait = `until [ -e ${go} ]; do sleep 0.01; done`;
    const change = { ...NOTIFY, user: "nobody", cwd: "/" };
    const { rig, spec, pid } = await orphaned(`${wait}; ${SEND} READY=1; sleep 1000`, change);
    writeFileSync(go, "");
    const host = adopt(rig, spec);
    expect((await rig.event("started")).pid).toBe(pid);
    expect(await rig.event("probed")).toMatchObject({ ok: true, detail: "READY=1" });
    host.stop(API, { signal: "SIGTERM", timeout: 1_000 });
    await rig.event("gone");
    rmSync(dirname(go), { recursive: true });
  },
);

describe("process.send", () => {
  const script = `
    const fs = require("fs");
    const wait = setInterval(() => {
      if (!fs.existsSync("go")) return;
      clearInterval(wait);
      process.send("ready", () => fs.writeFileSync("sent", "1\\n"));
      setInterval(() => {}, 1000);
    }, 5);`;
  const command = [process.execPath, "-e", script];

  test("while no supervisor lives is heard by the next one, and a ready one is not asked again", async () => {
    const { rig, spec } = await orphaned(command, MESSAGE);
    writeFileSync(join(rig.folder, "go"), "");
    await pidIn(join(rig.folder, "sent"));
    const next = adopt(rig, spec);
    expect(await rig.event("probed")).toMatchObject({ ok: true, detail: 'process.send("ready")' });
    await next.close();
    rig.events.splice(0);
    adopt(rig, spec, { phase: "ready" });
    await rig.event("started");
  });

  test("into a file that the program made a fifo of, or a link, holds nobody up", async () => {
    for (const spoil of ["mkfifo", "link"]) {
      const rig = await createOne();
      const spec = rig.spec(
        `rm "$PROCS_MESSAGE"; ${spoil === "link" ? "ln -s /dev/zero" : "mkfifo"} "$PROCS_MESSAGE"; echo 1 > up; sleep 1000`,
        MESSAGE,
      );
      rig.host.start(API, spec);
      await pidIn(join(rig.folder, "up"));
      await rig.host.close();
      rig.events.splice(0);
      adopt(rig, spec).kill(API);
      await rig.event("gone");
      expect(kinds(rig)).not.toContain("probed");
    }
  });

  test("in a folder that its ledger names and that is not one of ours is not looked for, nor removed", async () => {
    const { rig, spec } = await orphaned(command, MESSAGE);
    const theirs = join(rig.folder, "theirs");
    mkdirSync(theirs);
    writeFileSync(join(theirs, "message"), "ready\n");
    symlinkSync(theirs, join(rig.folder, "go"));
    const { ledger } = rig.files(API);
    writeFileSync(
      ledger,
      readFileSync(ledger, "utf8").replace(/^exchange .*$/m, `exchange message ${theirs}`),
    );
    const next = adopt(rig, spec);
    await rig.event("started");
    next.kill(API);
    await rig.event("gone");
    expect(existsSync(join(theirs, "message"))).toBe(true);
    const answers = rig.events.filter((event) => event.kind === "probed");
    expect(answers.every((answer) => !answer.ok)).toBe(true);
  });
});

describe("a log line", () => {
  const change = ready({ kind: "log", pattern: "^listening$", flags: "" });

  test("written while no supervisor lived is found; a ready program's log is not read again", async () => {
    const { rig, spec } = await orphaned(`${WAIT}; echo listening; sleep 1000`, change);
    writeFileSync(join(rig.folder, "go"), "");
    await eventually("output", () => readFileSync(rig.files(API).out, "utf8") !== "");
    const next = adopt(rig, spec);
    expect(await rig.event("probed")).toMatchObject({ ok: true, detail: "log: listening" });
    await next.close();
    rig.events.splice(0);
    const last = adopt(rig, spec, { phase: "ready" });
    await rig.event("started");
    last.kill(API);
    await rig.event("gone");
    expect(kinds(rig)).toEqual(["started", "exited", "gone"]);
  });
});
