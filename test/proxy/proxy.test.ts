import type { Socket } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Program, serve, startProxy, unusedPort } from "../rig/proxied.ts";
import { client, echo, GET, gate, named } from "../rig/talk.ts";
import { until } from "../rig/until.ts";

test("a connection that comes while nobody is ready waits, and is given to the first who is", async () => {
  await using proxy = await startProxy();
  await using program = await serve(named("one"));
  const waiting = client(proxy.port);
  waiting.socket.write(GET);
  await until("it is connected", () => waiting.socket.readyState === "open");
  expect(waiting.text()).toBe("");
  proxy.tell([program.as(1)]);
  await waiting.has("one.");
  waiting.socket.destroy();
});

test("one that nobody takes within the limit is reset, and so is each when nobody will come", async () => {
  await using proxy = await startProxy();
  proxy.tell([], { hold_ms: 200 });
  expect(await client(proxy.port).ends()).toBe("ECONNRESET");
  proxy.tell([], { hopeless: true });
  expect(await client(proxy.port).ends()).toBe("ECONNRESET");
});

test("an instance that refuses, or breaks off before a byte, is passed over for another", async () => {
  await using proxy = await startProxy();
  await using broken = await serve((socket) => socket.resetAndDestroy());
  await using program = await serve(named("good"));
  const nobody = { ...program.as(3), port: await unusedPort() };
  proxy.tell([broken.as(1), program.as(2), nobody]);
  for (let i = 0; i < 12; i++) {
    const each = client(proxy.port);
    // The first bytes come after the break, as they would from anybody who is far away.
    await until("connected", () => each.socket.readyState === "open");
    await new Promise((done) => setTimeout(done, 5));
    each.socket.write(GET);
    await each.has("good.");
    each.socket.destroy();
  }
});

test("both directions end by themselves, and what was sent before arrives", async () => {
  await using proxy = await startProxy();
  const asked = gate();
  await using program = await serve((socket) => {
    let text = "";
    socket.on("data", (part) => {
      text += part;
    });
    socket.on("end", async () => {
      await asked.opened;
      socket.end(`you said ${text}`);
    });
  });
  proxy.tell([program.as(1)]);
  const half = client(proxy.port);
  half.socket.end("hello");
  await until("the program knows", () => program.sockets.size === 1);
  asked.open();
  await half.has("you said hello");
  expect(await half.ends()).toBe("end");
});

test("a program that ends its side still hears the client", async () => {
  await using proxy = await startProxy();
  let heard = "";
  await using program = await serve((socket) => {
    socket.end("bye");
    socket.on("data", (part) => {
      heard += part;
    });
  });
  proxy.tell([program.as(1)]);
  const half = client(proxy.port);
  expect(await half.ends()).toBe("end");
  half.socket.end("and yet");
  await until("it is heard", () => heard === "and yet");
});

test("a reset is passed on as one, in both directions", async () => {
  await using proxy = await startProxy();
  let seen: string | null = null;
  let heard = "";
  await using program = await serve((socket) => {
    socket.on("data", (part) => {
      heard = String(part);
      if (heard === "break") socket.resetAndDestroy();
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      seen = error.code ?? null;
    });
  });
  proxy.tell([program.as(1)]);
  const first = client(proxy.port);
  first.socket.write("break");
  expect(await first.ends()).toBe("ECONNRESET");
  const second = client(proxy.port);
  second.socket.write("hello");
  await until("it is passed on", () => heard === "hello");
  second.socket.resetAndDestroy();
  await until("the program sees it", () => seen === "ECONNRESET");
});

test("an idle keep-alive connection goes on at another instance, and the client sees nothing", async () => {
  await using proxy = await startProxy();
  await using old = await serve(named("old"));
  await using young = await serve(named("new"));
  proxy.tell([old.as(1)]);
  const kept = client(proxy.port);
  kept.socket.write(GET);
  await kept.has("old.");
  proxy.tell([old.as(1, "draining"), young.as(1, "ready", 2)]);
  await until(
    "the old one is let go",
    () => old.sockets.size === 0 && proxy.drained()[0] === "1.1",
  );
  kept.socket.write(GET);
  await kept.has("new.");
  expect(kept.end()).toBeNull();
  kept.socket.destroy();
});

test("a request that is being answered is answered by whom it was given, and the next by another", async () => {
  await using proxy = await startProxy();
  const slow = gate();
  await using old = await serve(named("old", slow.opened));
  await using young = await serve(named("new"));
  proxy.tell([old.as(1)]);
  const kept = client(proxy.port);
  kept.socket.write(GET.replace("/", "/slow"));
  await until("it has come", () => [...old.sockets].some((one) => one.bytesRead > 0));
  proxy.tell([old.as(1, "draining"), young.as(2)]);
  await until("the table has come", async () => {
    const each = client(proxy.port);
    each.socket.write(GET);
    await each.has(".");
    each.socket.destroy();
    return each.text().includes("new.");
  });
  // Sent before the answer: they wait for their turn, and go to the new one.
  kept.socket.write(GET + GET);
  expect(proxy.drained()).toEqual([]);
  slow.open();
  await until("all are answered", () => kept.text().match(/old\.|new\./g)?.length === 3);
  expect(kept.text().match(/old\.|new\./g)).toEqual(["old.", "new.", "new."]);
  await until("it is drained", () => proxy.drained()[0] === "1.1");
  kept.socket.destroy();
});

test("what is no HTTP stays where it is until it ends", async () => {
  await using proxy = await startProxy();
  await using old = await serve(echo);
  await using young = await serve(echo);
  proxy.tell([old.as(1)]);
  const opaque = client(proxy.port);
  opaque.socket.write("\x00\x01");
  await opaque.has("\x00\x01");
  proxy.tell([old.as(1, "draining"), young.as(2)]);
  opaque.socket.write("\x02\x03");
  await opaque.has("\x02\x03");
  expect(proxy.drained()).toEqual([]);
  opaque.socket.end();
  await until("it is drained", () => proxy.drained()[0] === "1.1");
});

test("the last table holds without a supervisor, and the next supervisor is heard", async () => {
  await using proxy = await startProxy();
  await using one = await serve(named("one"));
  await using two = await serve(named("two"));
  proxy.tell([one.as(1)]);
  const before = client(proxy.port);
  before.socket.write(GET);
  await before.has("one.");
  await proxy.supervise(false);
  const meanwhile = client(proxy.port);
  meanwhile.socket.write(GET);
  await meanwhile.has("one.");
  proxy.tell([one.as(1, "draining"), two.as(2)]);
  await proxy.supervise(true);
  await until("it is drained", () => proxy.drained()[0] === "1.1");
  for (const each of [before, meanwhile]) {
    each.socket.write(GET);
    await each.has("two.");
    each.socket.destroy();
  }
});

test("a program on a unix socket is reached there", async () => {
  await using proxy = await startProxy();
  await using program = await serve(named("unix"), { path: join(proxy.folder, "up") });
  proxy.tell([program.as(1)]);
  const each = client(proxy.port);
  each.socket.write(GET);
  await each.has("unix.");
  each.socket.destroy();
});

test("a unix socket that is not there is passed over for the port", async () => {
  await using proxy = await startProxy();
  await using program = await serve(named("port"));
  proxy.tell([{ ...program.as(1), path: join(proxy.folder, "none") }]);
  const each = client(proxy.port);
  each.socket.write(GET);
  await each.has("port.");
  each.socket.destroy();
});

test("asked for it, it says first who has connected, also where a connection goes on", async () => {
  await using proxy = await startProxy();
  const heads: Buffer[] = [];
  const noting = (name: string) => (socket: Socket) => {
    socket.once("data", (bytes) => {
      heads.push(bytes.subarray(0, 28));
      socket.unshift(bytes.subarray(28));
      named(name)(socket);
    });
  };
  await using one = await serve(noting("one"));
  await using two = await serve(noting("two"));
  proxy.tell([one.as(1)], { proxy_protocol: true });
  const each = client(proxy.port);
  each.socket.write(GET);
  await each.has("one.");
  proxy.tell([one.as(1, "draining"), two.as(2)], { proxy_protocol: true });
  await until("the old one is let go", () => proxy.drained()[0] === "1.1");
  each.socket.write(GET);
  await each.has("two.");
  const port = each.socket.localPort ?? 0;
  for (const head of heads) {
    expect(head.subarray(0, 12).toString("hex")).toBe("0d0a0d0a000d0a515549540a");
    expect(head.readUInt16BE(24)).toBe(port);
  }
  expect(heads).toHaveLength(2);
  each.socket.destroy();
});

async function countOf(programs: readonly Program[], all: number): Promise<readonly number[]> {
  const sizes = () => programs.map((program) => program.sockets.size);
  await until("all are there", () => sizes().reduce((a, b) => a + b, 0) === all);
  return sizes();
}

test("connections are spread evenly, and by client address where that is asked for", async () => {
  await using proxy = await startProxy();
  await using one = await serve(echo);
  await using two = await serve(echo);
  proxy.tell([one.as(1), two.as(2)]);
  const even = Array.from({ length: 20 }, () => client(proxy.port));
  expect(await countOf([one, two], 20)).toEqual([10, 10]);
  for (const { socket } of even) socket.destroy();
  await countOf([one, two], 0);
  proxy.tell([one.as(1), two.as(2)], { sticky: true });
  const own = Array.from({ length: 20 }, () => client(proxy.port));
  expect([...(await countOf([one, two], 20))].sort((a, b) => a - b)).toEqual([0, 20]);
  for (const { socket } of own) socket.destroy();
});

test("kept connections spread to an instance that comes later", async () => {
  await using proxy = await startProxy();
  await using one = await serve(named("one"));
  await using two = await serve(named("two"));
  proxy.tell([one.as(1)]);
  const kept = Array.from({ length: 12 }, () => client(proxy.port));
  for (const each of kept) {
    each.socket.write(GET);
    await each.has("one.");
  }
  proxy.tell([one.as(1), two.as(2)]);
  await until("half of them are let go", () => one.sockets.size === 6);
  for (const { socket } of kept) socket.write(GET);
  expect(await countOf([one, two], 12)).toEqual([6, 6]);
  await until("all are answered", () =>
    kept.every((each) => each.text().split("200").length === 3),
  );
  for (const { socket } of kept) socket.destroy();
});
