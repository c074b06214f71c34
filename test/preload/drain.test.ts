import { once } from "node:events";
import { Agent, get } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { connect, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { until } from "../rig/until.ts";
import { ask, createRig, NODES, type Program, type Rig } from "./rig.ts";

const rigs: Rig[] = [];
afterEach(() => {
  for (const rig of rigs.splice(0)) rig.close();
});

async function createOne(): Promise<Rig> {
  const rig = await createRig();
  rigs.push(rig);
  return rig;
}

const SERVER = `
  import { createServer } from "node:http";
  const server = createServer((request, response) => {
    console.log("asked", request.url);
    const ms = Number(/\\d+/.exec(request.url)?.[0] ?? 0);
    setTimeout(() => response.end(String(process.pid)), ms);
  });
  server.listen(process.env.PORT, () => console.log("listening"));`;

/** Keeps that many connections busy until it is stopped, and counts what fails. */
function startLoad(rig: Rig, connections: number): { stop(): Promise<string[]>; count(): number } {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const failures: string[] = [];
  let isOver = false;
  let count = 0;
  const one = (): Promise<void> =>
    new Promise((done) => {
      const asked = get({ agent, port: rig.port, host: "127.0.0.1" }, (response) => {
        response.resume();
        response.once("end", done);
      });
      asked.once("error", (error) => {
        failures.push(error.message);
        done();
      });
    });
  const all = Array.from({ length: connections }, async () => {
    for (; !isOver; count++) await one();
  });
  const stop = async () => {
    isOver = true;
    await Promise.all(all);
    agent.destroy();
    return failures;
  };
  return { stop, count: () => count };
}

async function connected(rig: Rig): Promise<Socket> {
  const socket = connect(rig.port, "127.0.0.1");
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return socket;
}

describe.each(NODES)("in %s", (NODE) => {
  const own = `process.on("SIGTERM", () => server.close((error) => process.exit(error ? 1 : 0)));`;
  for (const [what, more, exit] of [
    ["a program without a handler", "", "SIGTERM"],
    ["a program that closes its server itself", own, 0],
  ] as const) {
    test(`50 busy keep-alive connections move on without an error: ${what}`, async () => {
      const rig = await createOne();
      const exits: unknown[] = [];
      let old: Program = await rig.run("a.mjs", SERVER + more, { NODE });
      const load = startLoad(rig, 50);
      for (let round = 0; round < 5; round++) {
        const before = load.count();
        const next = await rig.run("a.mjs", SERVER + more, { NODE });
        old.signal("SIGTERM");
        exits.push(await old.exit);
        await until("some more are answered", () => load.count() > before + 50);
        old = next;
      }
      expect(await load.stop()).toEqual([]);
      expect(exits).toEqual(exits.map(() => exit));
    });
  }
});

test("a slow answer is finished, with the notice that its connection ends, and none is begun", async () => {
  const rig = await createOne();
  const program = await rig.run("a.mjs", SERVER);
  const slow = ask(rig, "/3000");
  await program.says("asked /3000");
  await toldToStop(rig, program);
  const late = ask(rig, "/late");
  expect(await slow).toEqual({ status: 200, body: String(program.pid), connection: "close" });
  expect(await program.exit).toBe("SIGTERM");
  const next = await rig.run("b.mjs", SERVER);
  expect(await late).toMatchObject({ body: String(next.pid) });
});

test("a connection without a request is kept for a last one, and ended after about a second", async () => {
  const rig = await createOne();
  const program = await rig.run("a.mjs", SERVER);
  const [talking, silent] = [await connected(rig), await connected(rig)];
  await ask(rig);
  program.signal("SIGTERM");
  const at = performance.now();
  let answer = "";
  talking.on("data", (text) => (answer += text));
  talking.write("GET /0 HTTP/1.1\r\nHost: a\r\n\r\n");
  await once(talking, "end");
  expect(answer).toContain("Connection: close");
  silent.resume();
  await once(silent, "end");
  expect(performance.now() - at).toBeGreaterThan(900);
  expect(await program.exit).toBe("SIGTERM");
});

test("a second signal is not kept back, save the echo of the first", async () => {
  const rig = await createOne();
  const program = await rig.run("a.mjs", SERVER);
  const slow = ask(rig, "/60000").catch((error: Error) => error.message);
  await program.says("asked /60000");
  await toldToStop(rig, program);
  program.signal("SIGTERM");
  const at = performance.now();
  await Promise.race([
    program.exit,
    until("a second has gone", () => performance.now() - at > 1_000),
  ]);
  expect(performance.now() - at).toBeGreaterThan(1_000);
  program.signal("SIGTERM");
  expect(await program.exit).toBe("SIGTERM");
  expect(await slow).toBe("socket hang up");
});

test("an answer that has no end is cut off within the grace", async () => {
  const rig = await createOne();
  const program = await rig.run("a.mjs", SERVER, { PROCS_STOP: "SIGTERM 1500" });
  const slow = ask(rig, "/60000").catch((error: Error) => error.message);
  await program.says("asked /60000");
  const at = performance.now();
  program.signal("SIGTERM");
  expect(await program.exit).toBe("SIGTERM");
  expect(performance.now() - at).toBeGreaterThan(1_000);
  expect(await slow).toBe("socket hang up");
});

describe("connections that speak no HTTP", () => {
  const echo = `
    import { createServer } from "node:net";
    createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket))
      .listen(process.env.PORT, () => console.log("listening"));`;

  test("go on within the grace, and are ended then", async () => {
    const rig = await createOne();
    const program = await rig.run("a.mjs", echo, { PROCS_STOP: "SIGTERM 2500" });
    const socket = await connected(rig);
    socket.write("a");
    await once(socket, "data");
    program.signal("SIGTERM");
    await pause(1_000);
    socket.write("b");
    expect(String((await once(socket, "data"))[0])).toBe("b");
    await once(socket, "end");
    expect(await program.exit).toBe("SIGTERM");
  });

  test("hold nobody up once they have gone", async () => {
    const rig = await createOne();
    const program = await rig.run("a.mjs", echo);
    const socket = await connected(rig);
    socket.write("a");
    await once(socket, "data");
    program.signal("SIGTERM");
    socket.end();
    expect(await program.exit).toBe("SIGTERM");
  });

  test("are the program's to end when it hears the signal itself", async () => {
    const rig = await createOne();
    const upgrade = `${SERVER}
      const open = new Set();
      server.on("upgrade", (request, socket) => {
        open.add(socket);
        socket.write("HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: x\\r\\nConnection: Upgrade\\r\\n\\r\\n");
      });
      process.on("SIGTERM", () => { for (const socket of open) socket.end("bye"); server.close(() => process.exit(7)); });`;
    const program = await rig.run("a.mjs", upgrade);
    const socket = await connected(rig);
    let heard = "";
    socket.on("data", (text) => (heard += text));
    socket.write("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n");
    await until("upgraded", () => heard.includes("101"));
    const at = performance.now();
    program.signal("SIGTERM");
    expect(await program.exit).toBe(7);
    expect(performance.now() - at).toBeLessThan(5_000);
    expect(heard).toContain("bye");
  });
});

test("a session of HTTP/2 finishes its streams, and is told to open no more", async () => {
  const rig = await createOne();
  const program = await rig.run(
    "a.mjs",
    `import { createServer } from "node:http2";
     createServer((request, response) => { console.log("asked"); setTimeout(() => response.end("done"), 800); })
       .listen(process.env.PORT, () => console.log("listening"));`,
  );
  const session = connectHttp2(`http://127.0.0.1:${rig.port}`);
  const stream = session.request({ ":path": "/" });
  let body = "";
  stream.on("data", (part) => (body += part));
  await program.says("asked");
  const away = once(session, "goaway");
  program.signal("SIGTERM");
  await away;
  await once(stream, "close");
  expect(body).toBe("done");
  expect(await program.exit).toBe("SIGTERM");
});

test("a server in a worker thread finishes its answer too", async () => {
  const rig = await createOne();
  const text = `
    const { Worker, isMainThread } = require("worker_threads");
    if (isMainThread) new Worker(__filename);
    else require("http").createServer((request, response) => {
      console.log("asked");
      setTimeout(() => response.end("done"), 1000);
    }).listen(process.env.PORT, () => console.log("listening"));`;
  const program = await rig.run("a.cjs", text);
  const slow = ask(rig);
  await program.says("asked");
  program.signal("SIGTERM");
  expect(await slow).toMatchObject({ body: "done", connection: "close" });
  expect(await program.exit).toBe("SIGTERM");
});

test("with PROCS_STOP away, and outside of procs, a signal is what it always was", async () => {
  const rig = await createOne();
  const program = await rig.run("a.mjs", SERVER, { PROCS_STOP: "" });
  const slow = ask(rig, "/60000").catch((error: Error) => error.message);
  await program.says("asked /60000");
  program.signal("SIGTERM");
  expect(await program.exit).toBe("SIGTERM");
  expect(await slow).toBe("socket hang up");
});

/** Sends the signal, and waits until a connection that was there before is told that it ends. */
async function toldToStop(rig: Rig, program: Program): Promise<void> {
  const socket = await connected(rig);
  let heard = "";
  socket.on("data", (text) => (heard += text));
  const isAnswered = (count: number) => () => heard.split("HTTP/1.1 200").length - 1 === count;
  const asks = () => socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  asks();
  await until("the first is answered", isAnswered(1));
  program.signal("SIGTERM");
  for (let count = 2; !heard.includes("Connection: close"); count++) {
    asks();
    await until("one more is answered", isAnswered(count));
  }
}

function pause(ms: number): Promise<"paused"> {
  return new Promise((done) => setTimeout(() => done("paused"), ms));
}
