import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import type { Check, ServiceSpec } from "../../src/core/spec.ts";
import { API, createRig, eventually, type HostRig } from "./rig.ts";

const rigs: HostRig[] = [];
afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.close();
});

async function createOne(): Promise<HostRig> {
  const rig = await createRig();
  rigs.push(rig);
  return rig;
}

function ready(check: Check): Partial<ServiceSpec> {
  return { ready: { check, interval: 1_000, timeout: 60_000, failures: 1 } };
}

function node(rig: HostRig, name: string, text: string): readonly string[] {
  mkdirSync(rig.folder, { recursive: true });
  writeFileSync(join(rig.folder, name), text);
  return [process.execPath, join(rig.folder, name)];
}

describe("message", () => {
  const change = ready({ kind: "message" });
  const said = { probe: "ready", ok: true, detail: 'process.send("ready")' };

  test("a CommonJS program says it by process.send, and does not need a supervisor to live", async () => {
    const rig = await createOne();
    const text = `
      if (!process.connected) throw new Error("not connected");
      setInterval(() => {}, 1000);
      process.send("something else");
      process.send("ready", (error) => { if (error) throw error; console.log("sent"); });`;
    rig.host.start(API, rig.spec(node(rig, "a.cjs", text), change));
    expect(await rig.event("probed")).toMatchObject(said);
    const { pid } = await rig.event("started");
    await rig.host.close();
    process.kill(pid, 0);
  });

  test("so does an ES module, in a folder with a space, below npm or a shell", async () => {
    const rig = await createOne();
    const text = `setTimeout(() => process.send("ready"), 20); setInterval(() => {}, 1000);`;
    const [file = "", script = ""] = node(rig, "a b.mjs", text);
    rig.host.start(API, rig.spec(`"${file}" "${script}"; true`, change));
    expect(await rig.event("probed")).toMatchObject(said);
  });

  test("the service's own NODE_OPTIONS stay in force", async () => {
    const rig = await createOne();
    const text = `process.send(process.title === "mine" ? "ready" : "no"); setInterval(() => {}, 1000);`;
    const env = { NODE_OPTIONS: "--title=mine" };
    rig.host.start(API, rig.spec(node(rig, "a.cjs", text), { ...change, env }));
    expect(await rig.event("probed")).toMatchObject(said);
  });

  test("any other message is not ready", async () => {
    const rig = await createOne();
    rig.host.start(API, rig.spec(node(rig, "a.cjs", `process.send("readyish")`), change));
    await rig.event("gone");
    expect(rig.events.map((event) => event.kind)).toEqual(["started", "exited", "gone"]);
    expect(readdirSync(join(rig.paths.runtime, "exchange"))).toEqual([]);
  });

  test.skipIf(process.getuid?.() !== 0)("a program of another user can say it", async () => {
    const rig = await createOne();
    const script = `process.send("ready"); setInterval(() => {}, 1000)`;
    const command = [process.execPath, "-e", script];
    rig.host.start(API, rig.spec(command, { ...change, user: "nobody", cwd: "/" }));
    expect(await rig.event("probed")).toMatchObject(said);
    // Its folder is outside of ours, and goes with it.
    rig.host.kill(API);
    await rig.event("gone");
  });
});

describe("notify", () => {
  const change = ready({ kind: "notify" });
  const send = `perl -MSocket -e 'socket(S, AF_UNIX, SOCK_DGRAM, 0); send(S, $ARGV[0], 0, pack_sockaddr_un($ENV{NOTIFY_SOCKET})) or die $!'`;

  test("READY=1 makes it ready; other words do not", async () => {
    const rig = await createOne();
    const go = join(rig.folder, "go");
    rig.host.start(
      API,
      rig.spec(
        `${send} STATUS=loading; until [ -e "${go}" ]; do sleep 0.01; done; ${send} "STATUS=up\nREADY=1"; sleep 1000`,
        change,
      ),
    );
    await rig.event("started");
    expect(rig.events.map((event) => event.kind)).toEqual(["started"]);
    writeFileSync(go, "");
    expect(await rig.event("probed")).toMatchObject({ ok: true, detail: "READY=1" });
  });

  test("its socket goes with the run", async () => {
    const rig = await createOne();
    rig.host.start(API, rig.spec(`echo $NOTIFY_SOCKET > "${rig.folder}/path"`, change));
    await rig.event("gone");
    expect(existsSync(join(rig.paths.runtime, "exchange", "api.1.1"))).toBe(false);
  });
});

describe("log", () => {
  const change = ready({ kind: "log", pattern: "listening on \\d+", flags: "" });

  test("a matching line makes it ready, once, on stdout or stderr", async () => {
    for (const stream of [1, 2]) {
      const rig = await createOne();
      rig.host.start(
        API,
        rig.spec(`echo no; sleep 0.05; echo listening on 80 >&${stream}; sleep 1000`, change),
      );
      expect(await rig.event("probed")).toMatchObject({ ok: true, detail: "log: listening on 80" });
    }
  });

  test("a new pattern is tested against what was written already", async () => {
    const rig = await createOne();
    const spec = rig.spec("echo hello; sleep 1000", change);
    rig.host.start(API, spec);
    await rig.event("started");
    rig.host.update(API, { ...spec, ...ready({ kind: "log", pattern: "^hello$", flags: "" }) });
    expect(await rig.event("probed")).toMatchObject({ ok: true, detail: "log: hello" });
    const count = () => rig.events.filter((event) => event.kind === "probed").length;
    rig.host.update(API, { ...spec, ...ready({ kind: "log", pattern: "hell", flags: "" }) });
    await eventually("again", () => count() === 2);
  });

  test("a program that was not started for notify or message cannot say it later", async () => {
    const rig = await createOne();
    const spec = rig.spec(["sleep", "1000"]);
    rig.host.start(API, spec);
    await rig.event("started");
    rig.host.update(API, { ...spec, ...ready({ kind: "message" }) });
    expect(await rig.event("probed")).toMatchObject({
      ok: false,
      detail: "was started without ready: message, so it cannot say",
    });
  });
});
