import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import type { Check, ListenAddress } from "../../src/core/spec.ts";
import { anyPort, bind, hangUp, hold, listenOn } from "./listening.ts";
import { API, createRig, eventually, type HostRig } from "./rig.ts";

const rigs: HostRig[] = [];
afterEach(async () => {
  hangUp();
  for (const rig of rigs.splice(0)) await rig.close();
});

async function newRig(): Promise<HostRig> {
  const rig = await createRig();
  rigs.push(rig);
  return rig;
}

const SECOND = { ...API, slot: 2 };
const TCP = { kind: "tcp", host: null, port: null } as const;

/** Answers the first instance's clients with 200, the others' with 500; the second one begins when it is told. */
const SERVER = `
import os, socket, sys, time, select
server = socket.socket(fileno=3)
second = os.environ["PROCS_INSTANCE"] != "1"
print("up", flush=True)
while second and not os.path.exists("go"): time.sleep(0.01)
if sys.argv[1] == "epoll":
    poll = select.epoll(); poll.register(server, select.EPOLLIN); wait = lambda: poll.poll()
elif sys.argv[1] == "select":
    wait = lambda: select.select([server], [], [])
else:
    wait = lambda: None
while True:
    wait()
    server.setblocking(sys.argv[1] == "accept")
    try: connection, _ = server.accept()
    except BlockingIOError: continue
    connection.setblocking(True)
    connection.settimeout(2)
    try:
        if connection.recv(1000):
            connection.sendall(b"HTTP/1.1 %d X\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n" % (500 if second else 200))
    except OSError: pass
    connection.close()
`;

async function probe(rig: HostRig, id: typeof API, check: Check, listen: ListenAddress) {
  const before = rig.events.length;
  const ready = { check, interval: 1_000, timeout: 20_000, failures: 3 };
  rig.host.probe(id, "ready", specFor(rig, "", listen, ready));
  const found = () =>
    rig.events.slice(before).find((each) => each.kind === "probed" && each.id.slot === id.slot);
  await eventually("an answer", () => found() !== undefined);
  const answer = found();
  return answer?.kind === "probed" ? { ok: answer.ok, detail: answer.detail } : null;
}

function specFor(rig: HostRig, how: string, address: ListenAddress, ready: unknown = null) {
  // The probe is only asked for by hand here.
  const change = { listen: listenOn(address), ready: ready as null };
  return rig.spec(["python3", "-c", SERVER, how], change);
}

describe.skipIf(process.platform !== "linux")(
  "a probe of one of several that share a socket",
  () => {
    for (const how of ["epoll", "select", "accept"]) {
      for (const kind of ["tcp", "unix"] as const) {
        test(`accepts: only this one counts (${how}, ${kind})`, async () => {
          const rig = await newRig();
          const path = join(rig.folder, "s");
          const address = kind === "tcp" ? await anyPort() : { kind, path, mode: 0o600 };
          await bind(rig, address);
          for (const id of [API, SECOND]) {
            rig.host.start(id, specFor(rig, how, address));
            await rig.event("started", id);
          }
          const check = { kind: "accepts" } as const;
          await eventually(
            "the first accepts",
            async () => (await probe(rig, API, check, address))?.ok === true,
          );
          expect(await probe(rig, SECOND, check, address)).toEqual({
            ok: false,
            detail: "does not accept connections yet",
          });
          writeFileSync(join(rig.folder, "go"), "");
          await eventually(
            "the second accepts",
            async () => (await probe(rig, SECOND, check, address))?.ok === true,
          );
        });
      }
    }

    test("http and tcp: the answer of another one is none", async () => {
      const rig = await newRig();
      const address = await anyPort();
      await bind(rig, address);
      const http = { kind: "http", url: "/" } as const;
      for (const id of [API, SECOND]) {
        rig.host.start(id, specFor(rig, "epoll", address));
        await rig.event("started", id);
      }
      await eventually(
        "the first answers",
        async () => (await probe(rig, API, http, address))?.ok === true,
      );
      expect((await probe(rig, SECOND, TCP, address))?.ok).toBe(false);
      writeFileSync(join(rig.folder, "go"), "");
      await eventually(
        "the second is there",
        async () => (await probe(rig, SECOND, TCP, address))?.ok === true,
      );
      for (let n = 0; n < 4; n++) {
        expect(await probe(rig, API, http, address)).toMatchObject({ ok: true });
        const other = await probe(rig, SECOND, http, address);
        expect(other?.detail).toMatch(/^GET :\d+\/ 500 in /);
      }
    });

    test("connections are those of each one", async () => {
      const rig = await newRig();
      const address = await anyPort();
      await bind(rig, address);
      rig.host.start(API, specFor(rig, "epoll", address));
      rig.host.start(SECOND, specFor(rig, "epoll", address));
      await rig.event("started", SECOND);
      expect(rig.host.connections([API, SECOND]).map((one) => one.connections)).toEqual([0, 0]);
      await hold(address);
      const counts = () => rig.host.connections([API, SECOND]).map((one) => one.connections);
      await eventually("it is the first one's", () => counts().join() === "1,0");
    });
  },
);
