import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import type { ListenAddress } from "../../src/core/spec.ts";
import { RawListener } from "../../src/host/raw-sockets.ts";
import { anyPort, ask, bind, hangUp, hold, listenOn } from "./listening.ts";
import { API, createRig, eventually, type HostRig, pidIn } from "./rig.ts";

const rigs: HostRig[] = [];
const servers: Server[] = [];
afterEach(async () => {
  hangUp();
  for (const server of servers.splice(0)) server.close();
  for (const rig of rigs.splice(0)) await rig.close();
});

async function newRig(options: Parameters<typeof createRig>[0] = {}): Promise<HostRig> {
  const rig = await createRig(options);
  rigs.push(rig);
  return rig;
}

/** Somebody else who listens there. */
async function occupy(address: ListenAddress): Promise<void> {
  const server = createServer((socket) => socket.on("error", () => undefined).end("stranger"));
  servers.push(server);
  const to =
    address.kind === "unix"
      ? { path: address.path }
      : { port: address.port, host: address.host ?? "::" };
  await new Promise<void>((resolve) => server.listen(to, () => resolve()));
}

const wanted = (address: ListenAddress) => ({ service: "api", address, backlog: 511 });

describe("addresses that are reserved", () => {
  test("are bound all together, and the bind that follows has them", async () => {
    const rig = await newRig();
    const [a, b] = [await anyPort(), await anyPort(null)];
    expect(rig.host.reserve([wanted(a), wanted(b)])).toEqual([]);
    expect((await hold(a)).destroyed).toBe(false);
    await bind(rig, a);
    rig.host.release();
    expect((await hold(a)).destroyed).toBe(false);
    expect(await ask(b)).toBe("ECONNREFUSED");
  });

  test("are none when one of them is taken, and who has it is said", async () => {
    const rig = await newRig();
    const [a, b] = [await anyPort(), await anyPort()];
    await occupy(b);
    const taken = rig.host.reserve([wanted(a), wanted(b)]);
    expect(taken).toMatchObject([
      {
        service: "api",
        address: `127.0.0.1:${b.kind === "tcp" ? b.port : 0}`,
        holder: { pid: process.pid },
      },
    ]);
    expect(taken[0]?.holder).toMatchObject({ cwd: process.cwd(), project: null });
    expect(
      Math.abs((taken[0]?.holder?.startedAt ?? 0) - (Date.now() - process.uptime() * 1_000)),
    ).toBeLessThan(2_000);
    expect(await ask(a)).toBe("ECONNREFUSED");
  });

  test("who has one is seen without touching it", async () => {
    const rig = await newRig();
    const [a, b] = [await anyPort(), await anyPort(null)];
    await occupy(b);
    expect(rig.host.holders([wanted(a), wanted(b)]).map(({ reason }) => reason)).toEqual([
      expect.stringMatching(new RegExp(`^taken by .* \\(pid ${process.pid}, user `)),
    ]);
    expect(await ask(a)).toBe("ECONNREFUSED");
  });

  test("runs of this project that have one are ours, whatever else is not", async () => {
    const rig = await newRig();
    const address = await anyPort();
    await bind(rig, address);
    const command = ["python3", "-c", "import time; print('up', flush=True); time.sleep(60)"];
    rig.host.start(API, rig.spec(command, { listen: listenOn(address) }));
    await rig.event("started");
    await eventually("it runs", () => readFileSync(rig.files(API).out, "utf8") === "up\n");
    // As when supervisor and guardian were killed together: nobody has the socket but the run itself.
    await rig.host.close();
    const next = rig.successor();
    expect(next.reserve([wanted(address)])).toEqual([]);
    expect(next.holders([wanted(address)])).toMatchObject([
      { isOurs: true, holder: { command: expect.stringContaining("python3") } },
    ]);
  });
});

describe("unix sockets", () => {
  const at = (rig: HostRig, name = "s"): ListenAddress => ({
    kind: "unix",
    path: join(rig.folder, name),
    mode: 0o600,
  });

  test("a file that a dead process left is replaced", async () => {
    const rig = await newRig();
    const address = at(rig);
    const script = `import os,socket; s=socket.socket(socket.AF_UNIX); s.bind("s"); s.listen(); open("pid","w").write("%d\\n" % os.getpid())`;
    spawn("python3", ["-c", script], { cwd: rig.folder, stdio: "ignore" });
    await pidIn(join(rig.folder, "pid"));
    await eventually("nobody answers", async () => (await ask(address)) === "ECONNREFUSED");
    await bind(rig, address);
    expect((await hold(address)).destroyed).toBe(false);
  });

  test("one on which somebody listens is left to him", async () => {
    const rig = await newRig();
    const address = at(rig);
    await occupy(address);
    rig.host.bind("api", address, 511);
    expect((await rig.event("unbindable")).detail).toMatch(
      new RegExp(`^taken by .* \\(pid ${process.pid},`),
    );
    expect(await ask(address)).toBe("stranger");
  });

  test("what is no socket is left as it is", async () => {
    const rig = await newRig();
    writeFileSync(join(rig.folder, "s"), "precious");
    rig.host.bind("api", at(rig), 511);
    expect((await rig.event("unbindable")).detail).toBe(
      "no socket but something else, which is left as it is",
    );
    expect(readFileSync(join(rig.folder, "s"), "utf8")).toBe("precious");
    rig.host.unbind(at(rig));
    await rig.event("unbound");
    expect(existsSync(join(rig.folder, "s"))).toBe(true);
  });

  test("a path that is too long, and a folder that is not there, are named", async () => {
    const rig = await newRig();
    rig.host.bind("api", at(rig, "x".repeat(108)), 511);
    expect((await rig.event("unbindable")).detail).toMatch(
      /^too long: \d+ bytes, and the path of a socket has room for 1\d\d$/,
    );
    const other = await newRig();
    other.host.bind("api", at(other, "nowhere/s"), 511);
    expect((await other.event("unbindable")).detail).toBe(
      `not to be made: there is no folder ${other.folder}/nowhere`,
    );
  });
});

describe("a socket of the supervisor before", () => {
  test("is bound at once, with who waited there, and what nobody wants is closed", async () => {
    const [a, b] = [await anyPort(), await anyPort()];
    const [first, second] = [RawListener.bind(a, 10), RawListener.bind(b, 10)];
    const [text, other] = [a, b].map((address) =>
      address.kind === "tcp" ? `127.0.0.1:${address.port}` : "",
    );
    const told: string[][] = [];
    const inherited = new Map([
      [text ?? "", first.fd],
      [other ?? "", second.fd],
    ]);
    const rig = await newRig({
      sockets: {
        inherited,
        hold: async (held) => void told.push([...held.keys()]),
      },
    });
    // The numbers are the first host's, and not of those that clear up after it.
    inherited.clear();
    const waiting = ask(a);
    await bind(rig, a);
    rig.host.dropUnclaimed();
    expect(await ask(b)).toBe("ECONNREFUSED");
    const script = "import socket; s=socket.socket(fileno=3); c,_=s.accept(); c.sendall(b'hello')";
    rig.host.start(API, rig.spec(["python3", "-c", script], { listen: listenOn(a) }));
    expect(await waiting).toBe("hello");
    await eventually("the holder has exactly the first", () => told.at(-1)?.join() === text);
  });

  test("that is none any more, as a program shut it down, is told as gone and bound anew", async () => {
    const rig = await newRig();
    const address = await anyPort();
    await bind(rig, address);
    const script = "import socket; socket.socket(fileno=3).shutdown(socket.SHUT_RDWR)";
    rig.host.start(API, rig.spec(["python3", "-c", script], { listen: listenOn(address) }));
    await rig.event("unbound");
    expect(rig.warnings.join()).toContain("was shut down by a program");
    await bind(rig, address);
    expect((await hold(address)).destroyed).toBe(false);
  });
});

test("an address that this machine does not have is named", async () => {
  const rig = await newRig();
  rig.host.bind("api", { kind: "tcp", host: "192.0.2.1", port: 3000 }, 511);
  expect((await rig.event("unbindable")).detail).toBe("no address of this machine");
});

test("both IPv4 and IPv6 reach an address without a host", async () => {
  const rig = await newRig();
  const address = await anyPort(null);
  await bind(rig, address);
  for (const host of ["127.0.0.1", "::1"]) {
    const socket = connect({ host, port: address.kind === "tcp" ? address.port : 0 });
    await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    socket.destroy();
  }
});

test("a program in inetd's wait mode has the socket as its standard input", async () => {
  const rig = await newRig();
  const address = await anyPort();
  await bind(rig, address);
  const script =
    "import socket,os; s=socket.socket(fileno=0); print(os.get_blocking(0), flush=True); c,_=s.accept(); c.sendall(b'by stdin')";
  const listen = { ...listenOn(address), mode: "inetd", wait: true } as const;
  rig.host.start(API, rig.spec(["python3", "-c", script], { listen }));
  expect(await ask(address)).toBe("by stdin");
  expect(readFileSync(rig.files(API).out, "utf8")).toBe("True\n");
});
