import { existsSync, readFileSync, statSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import type { ListenAddress, ListenSettings } from "../../src/core/spec.ts";
import { freePort } from "../../src/host/port.ts";
import { API, createRig, eventually, type HostRig } from "./rig.ts";

const rigs: HostRig[] = [];
const open: Socket[] = [];
afterEach(async () => {
  for (const socket of open.splice(0)) socket.destroy();
  for (const rig of rigs.splice(0)) await rig.close();
});

async function newRig(options: Parameters<typeof createRig>[0] = {}): Promise<HostRig> {
  const rig = await createRig(options);
  rigs.push(rig);
  return rig;
}

async function anyPort(host: string | null = "127.0.0.1"): Promise<ListenAddress> {
  return { kind: "tcp", host, port: await freePort(new Set()) };
}

function listenOn(...addresses: readonly ListenAddress[]): ListenSettings {
  return {
    ...{ addresses, mode: "share", start: "always", idle_stop: null, backlog: 511, drain: 30_000 },
    ...{ sticky: false, proxy_protocol: false, wait: false, max_connections: 64 },
    ...{ per_source: null, rate: null },
  };
}

/** What the other side says until it closes; `refused` and the like where it does not let us in. */
function ask(address: ListenAddress, say = ""): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const to =
      address.kind === "unix" ? { path: address.path } : { port: address.port, host: "127.0.0.1" };
    const socket = connect(to, () => socket.end(say));
    open.push(socket);
    socket.on("data", (data) => {
      text += data.toString();
    });
    socket.on("close", () => resolve(text));
    socket.on("error", (error) => resolve("code" in error ? String(error.code) : error.message));
  });
}

async function bound(rig: HostRig, address: ListenAddress): Promise<void> {
  rig.host.bind("api", address, 511);
  await rig.event("bound");
}

const PYTHON = `
import os, socket
first = socket.socket(fileno=3)
print(os.environ["LISTEN_FDS"], os.environ["LISTEN_PID"] == str(os.getpid()), os.get_blocking(3), flush=True)
while True:
    connection, _ = first.accept()
    connection.sendall(b"python " + os.environ["PROCS_INSTANCE"].encode())
    connection.close()
`;

describe("a socket that is bound", () => {
  test("lets clients in before anything runs, and the program answers them", async () => {
    const rig = await newRig();
    const address = await anyPort(null);
    await bound(rig, address);
    const answer = ask(address);
    rig.host.start(API, rig.spec(["python3", "-c", PYTHON], { listen: listenOn(address) }));
    expect(await answer).toBe("python 1");
    expect(readFileSync(rig.files(API).out, "utf8")).toBe("1 True True\n");
  });

  test("is kept while instances come and go, and refuses when it is unbound", async () => {
    const rig = await newRig();
    const address = await anyPort();
    await bound(rig, address);
    const spec = rig.spec(["python3", "-c", PYTHON], { listen: listenOn(address) });
    rig.host.start(API, spec);
    expect(await ask(address)).toBe("python 1");
    rig.host.kill(API);
    await rig.event("gone");
    const held = ask(address);
    const second = { ...API, run: 2 };
    rig.host.start(second, spec);
    expect(await held).toBe("python 1");
    rig.host.kill(second);
    await rig.event("gone", second);
    rig.host.unbind(address);
    await rig.event("unbound");
    expect(await ask(address)).toBe("ECONNREFUSED");
  });

  test("is there once: a second bind of it is bound at once", async () => {
    const rig = await newRig();
    const address = await anyPort();
    await bound(rig, address);
    rig.host.bind("other", address, 100);
    await eventually("the second bound", () => rig.events.length === 2);
    expect(rig.events[1]).toMatchObject({ kind: "bound", service: "other" });
  });

  test("up to four are passed, in order, with their names", async () => {
    const rig = await newRig();
    const addresses = [await anyPort(), await anyPort(null), await anyPort()];
    const path = join(rig.folder, "api.sock");
    const all: ListenAddress[] = [...addresses, { kind: "unix", path, mode: 0o640 }];
    for (const address of all) rig.host.bind("api", address, 511);
    await eventually("all bound", () => rig.events.length === 4);
    expect(statSync(path).mode & 0o777).toBe(0o640);
    const script = `
import os, socket, json
kept = [socket.socket(fileno=3 + n) for n in range(4)]
print(json.dumps([each.getsockname() for each in kept]))
print(os.environ["LISTEN_FDS"], os.environ["LISTEN_FDNAMES"], os.environ["PORT"], os.get_blocking(6), os.readlink("/proc/self/fd/0"))
print(all(os.fstat(e["fd"]).st_ino == e["ino"] for e in json.loads(os.environ["PROCS_LISTEN"])))
`;
    rig.host.start(API, rig.spec(["python3", "-c", script], { listen: listenOn(...all) }));
    await rig.event("gone");
    expect(readFileSync(rig.files(API).err, "utf8")).toBe("");
    const [names = "", facts, same] = readFileSync(rig.files(API).out, "utf8").split("\n");
    const ports = addresses.map((address) => (address.kind === "tcp" ? address.port : 0));
    expect(JSON.parse(names)).toMatchObject([
      ["127.0.0.1", ports[0]],
      ["::", ports[1], 0, 0],
      ["127.0.0.1", ports[2]],
      path,
    ]);
    expect(facts).toBe(`4 api:api-2:api-3:api-4 ${ports[0]} True /dev/null`);
    expect(same).toBe("True");
    rig.host.unbind({ kind: "unix", path, mode: 0o640 });
    expect(existsSync(path)).toBe(false);
  });
});

test("an address that is taken: who has it is said", async () => {
  const rig = await newRig();
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const at = server.address();
  const port = typeof at === "object" && at !== null ? at.port : 0;
  rig.host.bind("api", { kind: "tcp", host: null, port }, 511);
  const { detail, address } = await rig.event("unbindable");
  server.close();
  expect(address).toBe(`:${port}`);
  expect(detail).toMatch(
    new RegExp(`^taken by .*node.* \\(pid ${process.pid}, user .*, in /.*\\)$`),
  );
});
