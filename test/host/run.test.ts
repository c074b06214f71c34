import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import type { InstanceId } from "../../src/core/observed.ts";
import { INSTANCE_MARK } from "../../src/core/spec.ts";
import { API, createRig, eventually, type HostRig, hasChild } from "./rig.ts";

const rigs: HostRig[] = [];
afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.close();
});

async function createOne(): Promise<HostRig> {
  const rig = await createRig();
  rigs.push(rig);
  return rig;
}

describe("what a program is given", () => {
  test("its own pid is the one that is told", async () => {
    const rig = await createOne();
    rig.host.start(API, rig.spec("echo $$; sleep 1000"));
    const { pid } = await rig.event("started");
    await eventually("output", () => readFileSync(rig.files(API).out, "utf8").includes("\n"));
    expect(readFileSync(rig.files(API).out, "utf8")).toBe(`${pid}\n`);
  });

  test("the number of its instance, where the file asks for it", async () => {
    const rig = await createOne();
    const id: InstanceId = { service: "api", slot: 3, run: 1 };
    const env = { NUMBER: `n${INSTANCE_MARK}` };
    rig.host.start(id, rig.spec(`echo ${INSTANCE_MARK} $NUMBER $PORT`, { env, port: 4000 }));
    await rig.event("gone", id);
    expect((await rig.event("started", id)).port).toBe(4002);
    expect(readFileSync(rig.files(id).out, "utf8")).toBe("3 n3 4002\n");
  });

  test("a free port each, with port: auto", async () => {
    const rig = await createOne();
    const ids = [1, 2, 3].map((slot): InstanceId => ({ service: "api", slot, run: 1 }));
    for (const id of ids) rig.host.start(id, rig.spec("echo $PORT", { port: "auto" }));
    const ports = await Promise.all(ids.map(async (id) => (await rig.event("started", id)).port));
    await Promise.all(ids.map((id) => rig.event("gone", id)));
    expect(new Set(ports).size).toBe(3);
    const printed = ids.map((id) => Number(readFileSync(rig.files(id).out, "utf8")));
    expect(printed).toEqual(ports);
    for (const port of ports) await canListen(port ?? 0);
  });

  test("all its last words, 5 MB and process.exit", async () => {
    const rig = await createOne();
    const script = `process.stdout.write("x".repeat(4999999) + "\\n"); process.exit(7)`;
    rig.host.start(API, rig.spec([process.execPath, "-e", script]));
    expect((await rig.event("exited")).exit).toEqual({ kind: "code", code: 7 });
    expect(readFileSync(rig.files(API).out).length).toBe(5_000_000);
  });

  test("a signal reaches the program and not its children", async () => {
    const rig = await createOne();
    const script = "sleep 1000 & trap 'echo got it' HUP; echo up; while :; do wait; done";
    rig.host.start(API, rig.spec(script));
    const output = () => readFileSync(rig.files(API).out, "utf8");
    await rig.event("started");
    await eventually("up", () => output().includes("up"));
    rig.host.signal(API, "SIGHUP");
    await eventually("the signal", () => output().includes("got it"));
    expect(hasChild(rig)).toBe(true);
  });
});

function canListen(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => server.close(() => resolve()));
  });
}

describe("a program that cannot be started", () => {
  const message = async (rig: HostRig, ...spec: Parameters<HostRig["spec"]>) => {
    rig.host.start(API, rig.spec(...spec));
    const { exit } = await rig.event("exited");
    await rig.event("gone");
    expect(rig.events.map((event) => event.kind)).toEqual(["exited", "gone"]);
    return exit.kind === "spawn" ? exit.message : exit;
  };

  test("is named when it is nowhere, also as the first word of a shell command", async () => {
    const change = { inherited: { PATH: "/usr/bin:/bin" } };
    expect(await message(await createOne(), ["vitte"], change)).toBe('"vitte" is not a program');
    expect(await message(await createOne(), "vitte --port 1", change)).toBe(
      '"vitte" is not a program',
    );
  });

  test("is found in node_modules/.bin, with what to write instead", async () => {
    const rig = await createOne();
    const bin = join(rig.folder, "node_modules", ".bin");
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, "vitte"), "#!/bin/sh\n", { mode: 0o755 });
    expect(await message(rig, ["vitte", "--port", "5173"])).toBe(
      '"vitte" is not a program; vitte is in ./node_modules/.bin. Use: npx vitte --port 5173',
    );
  });

  test("is told not to be executable", async () => {
    const rig = await createOne();
    writeFileSync(join(rig.folder, "run.sh"), "true\n");
    chmodSync(join(rig.folder, "run.sh"), 0o644);
    expect(await message(rig, ["./run.sh"])).toBe(
      "./run.sh is not executable; chmod +x ./run.sh    or: command: sh ./run.sh",
    );
  });

  test("is told that its folder is not there", async () => {
    const rig = await createOne();
    const cwd = join(rig.folder, "none");
    expect(await message(rig, ["true"], { cwd })).toBe(`its folder ${cwd} is not there`);
  });

  test("is told that its user is not there", async () => {
    expect(await message(await createOne(), ["true"], { user: "nobody-such" })).toBe(
      'there is no user "nobody-such"',
    );
  });
});

describe("what runs leave behind", () => {
  test("after 100 starts: no fifo, no process, 100 ledgers", async () => {
    const rig = await createOne();
    const ids = Array.from(
      { length: 100 },
      (_, i): InstanceId => ({ service: "api", slot: (i % 10) + 1, run: i + 1 }),
    );
    for (const id of ids) rig.host.start(id, rig.spec(["true"]));
    for (const id of ids) await rig.event("gone", id);
    await rig.host.close();
    expect(readdirSync(rig.paths.life)).toEqual([]);
    const ledgers = ids.map((id) => readFileSync(rig.files(id).ledger, "utf8"));
    expect(ledgers.every((text) => /^run \S+\n(?:oom \d+\n)?start \d+\nexit 0\n$/.test(text))).toBe(
      true,
    );
  });

  test("files are 0600 in folders that are 0700", async () => {
    const rig = await createOne();
    rig.host.start(API, rig.spec(["true"]));
    await rig.event("gone");
    const { folder, out, err, ledger } = rig.files(API);
    const modes = [folder, out, err, ledger].map((path) => statSync(path).mode & 0o777);
    expect(modes).toEqual([0o700, 0o600, 0o600, 0o600]);
  });

  test("after a rename the output goes on in the files of the new name", async () => {
    const rig = await createOne();
    const to: InstanceId = { service: "web", slot: 1, run: 4 };
    rig.host.start(
      API,
      rig.spec("echo one; trap 'echo two; exit' HUP; while :; do sleep 0.01; done"),
    );
    await rig.event("started");
    await eventually("one", () => readFileSync(rig.files(API).out, "utf8") === "one\n");
    await eventually("the loop runs", () => hasChild(rig));
    rig.host.rename(API, to);
    rig.host.signal(to, "SIGHUP");
    expect((await rig.event("exited", to)).exit).toEqual({ kind: "code", code: 0 });
    await rig.event("gone", to);
    expect(readFileSync(rig.files(to).out, "utf8")).toBe("one\ntwo\n");
    expect(existsSync(rig.files(API).out)).toBe(false);
  });
});
