import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import type { ListenAddress } from "../../src/core/spec.ts";
import { socketsContract } from "../contract/sockets.ts";
import { anyPort, ask, bind, hangUp, hold, listenOn } from "./listening.ts";
import { API, createRig, eventually, type HostRig } from "./rig.ts";

socketsContract("real", async () => {
  const rig = await createRig();
  const strangers: Server[] = [];
  return {
    host: rig.host,
    events: rig.events,
    address: async () => {
      const address = await anyPort();
      if (address.kind !== "tcp") throw new Error("no port");
      return address;
    },
    occupy: async ({ port, host }) => {
      const server = createServer();
      strangers.push(server);
      await new Promise<void>((resolve) => server.listen(port, host ?? "::", () => resolve()));
    },
    connect: (address) =>
      hold(address).then(
        () => true,
        () => false,
      ),
    spec: (address) =>
      rig.spec(["sleep", "100"], {
        listen: { ...listenOn(address), start: "on-demand", idle_stop: 1_000 },
      }),
    until: (what, condition) => eventually(what, condition),
    close: async () => {
      hangUp();
      for (const server of strangers) server.close();
      await rig.close();
    },
  };
});

const rigs: HostRig[] = [];
afterEach(async () => {
  hangUp();
  for (const rig of rigs.splice(0)) await rig.close();
});

async function newRig(options: Parameters<typeof createRig>[0] = {}): Promise<HostRig> {
  const rig = await createRig(options);
  rigs.push(rig);
  return rig;
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
    await bind(rig, address);
    const answer = ask(address);
    rig.host.start(API, rig.spec(["python3", "-c", PYTHON], { listen: listenOn(address) }));
    expect(await answer).toBe("python 1");
    expect(readFileSync(rig.files(API).out, "utf8")).toBe("1 True True\n");
  });

  test("is kept while instances come and go, and refuses when it is unbound", async () => {
    const rig = await newRig();
    const address = await anyPort();
    await bind(rig, address);
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
    await bind(rig, address);
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

describe("a service that starts on demand", () => {
  const demanded = (rig: HostRig, ...addresses: readonly ListenAddress[]) =>
    rig.spec(["python3", "-c", PYTHON], {
      listen: { ...listenOn(...addresses), start: "on-demand", idle_stop: 1_000 },
    });
  const count = (rig: HostRig, kind: string) =>
    rig.events.filter((each) => each.kind === kind).length;

  for (const kind of ["tcp", "unix"] as const) {
    test(`is woken by the first connection, again and again, over ${kind}`, async () => {
      const rig = await newRig();
      const path = join(rig.folder, "s");
      const address = kind === "tcp" ? await anyPort() : { kind, path, mode: 0o600 };
      await bind(rig, address);
      const spec = demanded(rig, address);
      for (const run of [1, 2, 3]) {
        rig.host.wakeOn([spec]);
        const answers = [ask(address), ask(address), ask(address)];
        await eventually("it is woken", () => count(rig, "woken") === run);
        rig.host.wakeOn([]);
        rig.host.start({ ...API, run }, spec);
        expect(await Promise.all(answers)).toEqual(["python 1", "python 1", "python 1"]);
        expect(count(rig, "woken")).toBe(run);
        rig.host.kill({ ...API, run });
        await rig.event("gone", { ...API, run });
      }
      // The program has found sockets that wait, each time.
      for (const run of [1, 2, 3]) {
        expect(readFileSync(rig.files({ ...API, run }).out, "utf8")).toBe("1 True True\n");
      }
    });
  }

  test("connections are counted while they are open, and those too that wait", async () => {
    const rig = await newRig();
    const address = await anyPort();
    await bind(rig, address);
    const spec = demanded(rig, address);
    rig.host.count([spec]);
    await hold(address);
    const told = () =>
      rig.events.flatMap((each) => (each.kind === "traffic" ? each.connections : []));
    await eventually("one is told", () => told().at(-1) === 1);
    await hold(address);
    await eventually("two are told", () => told().at(-1) === 2);
    rig.host.start(API, spec);
    await eventually("the program has ended both", () => told().at(-1) === 0);
    await ask(address);
    await eventually("one that came and went is told", () => told().length >= 4);
    rig.host.count([]);
  });
});
