import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { call } from "../../src/control/client.ts";
import {
  type ControlRequest,
  type ControlServer,
  startControlServer,
} from "../../src/control/server.ts";
import { until } from "../rig/until.ts";

let folder: string;
let socket: string;
let server: ControlServer;
const heard: ControlRequest[] = [];
const faults: unknown[] = [];
const opened: Socket[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "procs-connections-"));
  socket = join(folder, "sock");
  heard.length = 0;
  faults.length = 0;
  server = await startControlServer({
    socket,
    connectionsMax: 20,
    onFault: (error) => faults.push(error),
    handler: async (request, responder) => {
      heard.push(request);
      if (request.path === "/follow") responder.open();
      else responder.reply({ path: request.path });
    },
  });
});

afterEach(async () => {
  for (const one of opened.splice(0)) one.destroy();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

function open(bytes: string): { readonly said: () => string; readonly ended: Promise<void> } {
  const client = connect(socket);
  opened.push(client);
  let said = "";
  client.on("connect", () => client.write(bytes));
  client.on("data", (data) => {
    said += data;
  });
  client.on("error", () => undefined);
  const ended = new Promise<void>((resolve) => client.on("close", () => resolve()));
  return { said: () => said, ended };
}

test("thousands that connect and say nothing keep nobody out", async () => {
  for (let round = 0; round < 20; round++) {
    for (let each = 0; each < 100; each++) open("");
    expect(await call({ socket, method: "GET", path: "/a" })).toEqual({ path: "/a" });
  }
  expect(faults).toEqual([]);
});

test("when every place is taken by one who has asked, the next is told so, and has a place later", async () => {
  const followers = Array.from({ length: 20 }, () =>
    open("GET /follow HTTP/1.1\r\nhost: x\r\n\r\n"),
  );
  await until("all follow", () => followers.every((one) => one.said().includes("200 OK")));
  await expect(call({ socket, method: "GET", path: "/a" })).rejects.toThrow(
    "the supervisor has 20 clients already",
  );
  for (const one of opened.splice(0, 1)) one.destroy();
  await until("there is room", () =>
    call({ socket, method: "GET", path: "/a" }).then(
      () => true,
      () => false,
    ),
  );
  expect(faults).toEqual([]);
});

test("what is sent behind a request is not acted on", async () => {
  const one = "GET /one HTTP/1.1\r\nhost: x\r\n\r\n";
  const two = "POST /two HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}";
  await open(one + two.repeat(50)).ended;
  await open(`POST /one HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}${two}`).ended;
  expect(heard.map((request) => request.path)).toEqual(["/one", "/one"]);
});

test.each([
  ["two lengths", "content-length: 2\r\ncontent-length: 44"],
  ["a length and chunks", "content-length: 4\r\ntransfer-encoding: chunked"],
  ["chunks under another name", "transfer-encoding: xchunked"],
  ["chunks twice", "transfer-encoding: chunked, chunked"],
  ["a length with a sign", "content-length: +2"],
  ["a folded header", "x: a\r\n content-length: 40"],
  ["a space before the colon", "content-length : 2"],
  ["a line without its return", "x: a\ncontent-length: 2"],
])("what two readers could understand differently is refused whole: %s", async (_name, header) => {
  const smuggled =
    "2\r\n{}\r\n0\r\n\r\nPOST /two HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}";
  const client = open(`POST /one HTTP/1.1\r\nhost: x\r\n${header}\r\n\r\n${smuggled}`);
  await client.ended;
  expect(client.said()).toMatch(/^HTTP\/1\.1 400 /);
  expect(heard).toEqual([]);
});

test.each([
  "//",
  "///",
  "http://[",
  "//[::1",
  "http://x:y/",
  "%",
  "/%ff%00",
  "*",
  "http://x/v1/a?b=%",
])("an odd address gets an answer, and is no fault: %s", async (path) => {
  const client = open(`GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`);
  await client.ended;
  expect(client.said()).toMatch(/^HTTP\/1\.1 (200|400) /);
  expect(faults).toEqual([]);
});

test.each([
  ["an upgrade", "GET /a HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"],
  ["a tunnel", "CONNECT a:1 HTTP/1.1\r\nhost: x\r\n\r\n"],
  [
    "an expectation",
    "POST /a HTTP/1.1\r\nhost: x\r\nexpect: a miracle\r\ncontent-length: 0\r\n\r\n",
  ],
  ["HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
  ["HTTP/0.9", "GET /a\r\n\r\n"],
  ["no host", "GET /a HTTP/1.1\r\n\r\n"],
  ["a method of its own", "BREW /a HTTP/1.1\r\nhost: x\r\n\r\n"],
])("%s comes to an end, and the next is answered", async (_name, bytes) => {
  await open(bytes).ended;
  expect(await call({ socket, method: "GET", path: "/b" })).toEqual({ path: "/b" });
  expect(faults).toEqual([]);
});
