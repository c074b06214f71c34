import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { call, stream } from "../../src/control/client.ts";
import { RequestError } from "../../src/control/failure.ts";
import {
  type ControlServer,
  type ControlServerOptions,
  startControlServer,
} from "../../src/control/server.ts";
import { until } from "../rig/until.ts";

let folder: string;
let socket: string;
let server: ControlServer | null = null;
const faults: unknown[] = [];
const opened: Socket[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "procs-server-"));
  socket = join(folder, "sock");
  faults.length = 0;
});

afterEach(async () => {
  for (const one of opened.splice(0)) one.destroy();
  await server?.close();
  server = null;
  rmSync(folder, { recursive: true, force: true });
});

async function serve(options: Partial<ControlServerOptions> = {}) {
  server = await startControlServer({
    socket,
    handler: async (request, responder) => responder.reply({ ok: true, body: request.body }),
    onFault: (error) => faults.push(error),
    ...options,
  });
}

/** Sends raw bytes; resolves with all that came back when the server ended the connection. */
function raw(bytes: string | Buffer, end = false): Promise<string> {
  return new Promise((resolve) => {
    const client = connect(socket);
    opened.push(client);
    let answer = "";
    client.on("connect", () => (end ? client.end(bytes) : client.write(bytes)));
    client.on("data", (data) => {
      answer += data;
    });
    client.on("error", () => undefined);
    client.on("close", () => resolve(answer));
  });
}

test("nobody but this user can open the socket, from its first moment on", async () => {
  const mask = process.umask();
  await serve();
  expect(statSync(socket).mode & 0o777).toBe(0o600);
  expect(process.umask()).toBe(mask);
});

test("a line is on its way before anything else is done, as that may be the last thing done", async () => {
  const heard = join(folder, "heard");
  const listen = `
    const client = require("node:net").connect(${JSON.stringify(socket)});
    client.write("GET / HTTP/1.1\\r\\nhost: procs\\r\\n\\r\\n");
    client.on("data", (text) => text.includes("plan") && require("node:fs").writeFileSync(${JSON.stringify(heard)}, ""));`;
  let wasHeard = false;
  await serve({
    handler: async (_request, responder) => {
      responder.line({ kind: "plan" });
      // Busy, as with the disk: nothing of the event loop's turns comes in between.
      const end = performance.now() + 10_000;
      while (!wasHeard && performance.now() < end) wasHeard = existsSync(heard);
      await responder.end();
    },
  });
  const client = spawn(process.execPath, ["-e", listen], { stdio: "inherit" });
  await new Promise((resolve) => client.once("exit", resolve));
  expect(wasHeard).toBe(true);
});

test.each([
  ["words", "hello there\r\n\r\n"],
  ["binary", Buffer.from([0, 255, 22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3, 13, 10, 13, 10])],
  ["another protocol", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"],
  ["a request line without an end", `GET /${"a".repeat(100_000)}`],
  ["headers without an end", `GET / HTTP/1.1\r\n${"x: y\r\n".repeat(20_000)}`],
  ["a bad chunk", "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n\r\n"],
  ["two lengths", "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n"],
])("garbage gets one clear answer and the server goes on: %s", async (_name, bytes) => {
  await serve();
  const answer = await raw(bytes);
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(answer).toContain('"kind":"error"');
  expect(answer).not.toMatch(/\bat .*:\d+:\d+/);
  expect(await call({ socket, method: "GET", path: "/" })).toMatchObject({ ok: true });
  expect(faults).toEqual([]);
});

test("a body that is not JSON is refused with 400", async () => {
  await serve();
  const answer = await raw("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\n{abc");
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(answer).toContain("is not JSON");
});

test("a body above 4 MB is refused with 413 before it has come, and while it comes", async () => {
  await serve();
  const announced = raw("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9000000\r\n\r\n");
  expect(await announced).toMatch(/^HTTP\/1\.1 413 [\s\S]*larger than 4 MB/);
  const body = { text: "x".repeat(5_000_000) };
  await expect(call({ socket, method: "POST", path: "/", body })).rejects.toThrow("4 MB");
  const chunk = `${(1_000_000).toString(16)}\r\n${"x".repeat(1_000_000)}\r\n`;
  const head = "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";
  expect(await raw(`${head}${chunk.repeat(5)}0\r\n\r\n`)).toMatch(/^HTTP\/1\.1 413 /);
});

test("four megabytes are taken", async () => {
  await serve();
  const body = { text: "x".repeat(4_000_000) };
  expect(await call({ socket, method: "POST", path: "/", body })).toEqual({ ok: true, body });
});

test("a client that sends slowly, or nothing, is let go; others are answered meanwhile", async () => {
  await serve({ requestMsMax: 300 });
  const silent = raw("");
  const half = raw("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n{");
  const slow = connect(socket);
  opened.push(slow);
  slow.on("error", () => undefined);
  const drip = setInterval(() => slow.write("x"), 20);
  const closed = new Promise<void>((resolve) => slow.on("close", () => resolve()));
  slow.on("data", () => undefined);
  slow.write("GET / HTTP/1.1\r\n");
  expect(await call({ socket, method: "GET", path: "/" })).toMatchObject({ ok: true });
  await Promise.all([silent, half, closed]);
  clearInterval(drip);
});

test("a client that goes away in the middle of its request is no fault", async () => {
  await serve();
  await raw("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n{", true);
  expect(await call({ socket, method: "GET", path: "/" })).toMatchObject({ ok: true });
  expect(faults).toEqual([]);
});

test("a fault of ours is a 500 without details, and is reported", async () => {
  await serve({
    handler: async () => {
      throw new Error("secret inner detail");
    },
  });
  const answer = await raw("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
  expect(answer).toMatch(/^HTTP\/1\.1 500 /);
  expect(answer).not.toContain("secret inner detail");
  expect(faults).toHaveLength(1);
});

test("a refusal keeps its code, help and exit code on the way to the client", async () => {
  await serve({
    handler: async () => {
      throw new RequestError(409, "P503", "the plan is another by now", { help: ["x"], exit: 1 });
    },
  });
  await expect(call({ socket, method: "GET", path: "/" })).rejects.toMatchObject({
    exitCode: 1,
    diagnostics: [{ code: "P503", message: "the plan is another by now", help: ["x"] }],
  });
});

test("a follower that does not read is let go instead of filling memory", async () => {
  let gone = false;
  let lines = 0;
  await serve({
    handler: async (_request, responder) => {
      responder.onGone(() => {
        gone = true;
      });
      const line = "x".repeat(100_000);
      while (!gone && lines < 1000) {
        responder.line(line);
        lines += 1;
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  });
  const client = connect(socket);
  opened.push(client);
  client.pause();
  client.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
  await until("the follower is gone", () => gone);
  expect(lines).toBeLessThan(1000);
});

test("streams come line by line, and end whole, cut, or aborted", async () => {
  await serve({
    handler: async (request, responder) => {
      responder.line({ n: 1 });
      responder.line({ n: 2 });
      if (request.path === "/end") await responder.end();
      if (request.path === "/cut") setImmediate(() => void cutAll());
    },
  });
  const cutAll = () => server?.close();
  const follow = async (path: string, abort = new AbortController(), enough = Infinity) => {
    const seen: unknown[] = [];
    const onValue = (value: unknown) => {
      if (seen.push(value) === enough) abort.abort();
    };
    const { signal } = abort;
    return { end: await stream({ socket, method: "GET", path, onValue, signal }), seen };
  };
  expect(await follow("/end")).toEqual({ end: "whole", seen: [{ n: 1 }, { n: 2 }] });
  const aborted = await follow("/stay", new AbortController(), 2);
  expect(aborted).toEqual({ end: "aborted", seen: [{ n: 1 }, { n: 2 }] });
  const left = follow("/cut");
  expect(await left).toEqual({ end: "cut", seen: [{ n: 1 }, { n: 2 }] });
});

test("with nobody listening there is no answer and no error", async () => {
  expect(await call({ socket, method: "GET", path: "/" })).toBeNull();
  await serve();
  await server?.close();
  server = null;
  expect(await call({ socket, method: "GET", path: "/" })).toBeNull();
  const onValue = () => undefined;
  expect(await stream({ socket, method: "GET", path: "/", onValue })).toBeNull();
});
