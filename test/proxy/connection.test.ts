import { connect, type Socket } from "node:net";
import { expect, test } from "vitest";
import { serve, startProxy } from "../rig/proxied.ts";
import { client, echo, GET, named } from "../rig/talk.ts";
import { until } from "../rig/until.ts";

const MB = 1024 * 1024;
/** Many times what a proxy may keep of it. */
const BYTES = 256 * MB;
const LIMIT_MS = 120_000;

/** Sends that many bytes as fast as the other side takes them. */
function pour(socket: Socket, bytes: number): void {
  const piece = Buffer.alloc(64 * 1024, "x");
  let left = bytes;
  const more = () => {
    while (left > 0) {
      left -= piece.length;
      if (!socket.write(piece)) return;
    }
    socket.removeListener("drain", more);
    socket.end();
  };
  socket.on("drain", more);
  more();
}

/** Reads all, with a rest after each few pieces for as long as `isSlow`; resolves with how much it was. */
function drink(socket: Socket, isSlow: () => boolean): Promise<number> {
  return new Promise((resolve, reject) => {
    let sum = 0;
    socket.on("data", (bytes: Buffer) => {
      sum += bytes.length;
      if (!isSlow()) return;
      socket.pause();
      setTimeout(() => socket.resume(), 5);
    });
    socket.once("end", () => resolve(sum));
    socket.once("error", reject);
  });
}

test(
  "much more than there is memory for, to a slow reader, passes in either direction",
  async () => {
    await using proxy = await startProxy();
    const heard: Promise<number>[] = [];
    let rests = 400;
    const isSlow = () => rests-- > 0;
    await using program = await serve((socket) => {
      socket.once("data", (first) => {
        if (String(first[0]) === String("d".charCodeAt(0))) {
          pour(socket, BYTES);
          return;
        }
        socket.unshift(first);
        heard.push(drink(socket, isSlow));
      });
    });
    proxy.tell([program.as(1)]);
    const before = proxy.rssBytes();
    let most = 0;
    const looking = setInterval(() => {
      most = Math.max(most, proxy.rssBytes());
    }, 20);
    const down = client(proxy.port);
    down.socket.removeAllListeners("data");
    const read = drink(down.socket, isSlow);
    down.socket.write("d");
    expect(await read).toBe(BYTES);
    down.socket.destroy();
    rests = 400;
    const up = connect({ port: proxy.port, host: "127.0.0.1" });
    pour(up, BYTES);
    await until("the program reads", () => heard.length === 1);
    expect(await heard[0]).toBe(BYTES);
    clearInterval(looking);
    up.destroy();
    expect(most - before).toBeLessThan(64 * MB);
  },
  LIMIT_MS,
);

test(
  "five thousand idle connections cost little memory and no time, and each still works",
  async () => {
    await using proxy = await startProxy();
    await using program = await serve(named("one"));
    proxy.tell([program.as(1)]);
    const before = proxy.rssBytes();
    const clients: Socket[] = [];
    for (let i = 0; i < 5_000; i++) {
      const socket = connect({ port: proxy.port, host: "127.0.0.1" });
      clients.push(socket);
      if (i % 100 === 99) await until("in", () => program.sockets.size >= i - 200, LIMIT_MS);
    }
    await until("all are in", () => program.sockets.size === 5_000, LIMIT_MS);
    expect((proxy.rssBytes() - before) / 5_000).toBeLessThan(24 * 1024);
    const fresh = client(proxy.port);
    fresh.socket.write(GET);
    await fresh.has("one.");
    clients[2_500]?.write(GET);
    clients[2_500]?.resume();
    await until("an idle one is answered", () => (clients[2_500]?.bytesRead ?? 0) > 0);
    for (const socket of clients) socket.destroy();
    fresh.socket.destroy();
    await until("all have gone", () => program.sockets.size === 0, LIMIT_MS);
  },
  LIMIT_MS,
);

test("a client that sends a byte at a time is answered when its request is whole", async () => {
  await using proxy = await startProxy();
  await using program = await serve((socket) => {
    let text = "";
    socket.on("data", (part) => {
      text += part;
      if (text === GET) socket.write("HTTP/1.1 204 one.\r\n\r\n");
    });
  });
  proxy.tell([program.as(1)]);
  const slow = client(proxy.port);
  for (const byte of GET) {
    slow.socket.write(byte);
    await new Promise((done) => setImmediate(done));
  }
  await slow.has("one.");
  slow.socket.destroy();
});

test("more connections than it may have files wait outside, and all are served", async () => {
  await using proxy = await startProxy({ nofile: 160 });
  await using program = await serve(echo);
  proxy.tell([program.as(1)]);
  const all = Array.from({ length: 150 }, () => client(proxy.port));
  for (const { socket } of all) socket.write("hello");
  await until("some are served", () => all.filter((one) => one.text() !== "").length >= 20);
  expect(proxy.files()).toBeLessThan(160);
  expect(all.filter((one) => one.end() !== null)).toEqual([]);
  // Each that goes makes room for another.
  for (const each of all) {
    await each.has("hello");
    each.socket.destroy();
  }
  await until("it rests", () => program.sockets.size === 0);
});
