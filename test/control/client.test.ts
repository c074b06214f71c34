import { execFile } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { call } from "../../src/control/client.ts";
import { builtPackage } from "../rig/built.ts";

let folder: string;
let socket: string;
let server: Server | null = null;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "procs-client-"));
  socket = join(folder, "sock");
});
afterEach(async () => {
  await new Promise<void>((resolve) =>
    server === null ? resolve() : server.close(() => resolve()),
  );
  server = null;
  rmSync(folder, { recursive: true, force: true });
});

/** Something that listens there and answers every connection with these bytes, then ends it. */
async function answering(bytes: string): Promise<void> {
  const listening = createServer((connection) => {
    connection.on("error", () => undefined);
    connection.once("data", () => connection.end(bytes));
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(socket, resolve));
}

const ask = () => call({ socket, method: "GET", path: "/v1/version" });

test("no socket means that nothing runs", async () => {
  expect(await ask()).toBeNull();
});

test.each([
  ["nothing", "", "ended the connection without an answer"],
  ["half an answer", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{", "without an answer"],
  ["no JSON", "HTTP/1.1 200 OK\r\n\r\n<html>", "is not one of procs"],
  ["a refusal of something else", "HTTP/1.1 502 Bad\r\n\r\n<html>", "is not one of procs"],
])("an answer that cannot be right is said to be so: %s", async (_name, bytes, words) => {
  await answering(bytes);
  await expect(ask()).rejects.toThrow(words);
});

test("what is no HTTP at all is an error, not a hang", async () => {
  await answering("SSH-2.0-OpenSSH\r\n\r\n");
  await expect(ask()).rejects.toThrow("not HTTP");
});

// Another user can only be tried by one who may become one.
test.runIf(process.getuid?.() === 0)("another user's socket is P605", async () => {
  await answering("");
  chmodSync(folder, 0o700);
  const client = JSON.stringify(join(builtPackage(), "dist", "control", "client.js"));
  const request = JSON.stringify({ socket, method: "GET", path: "/" });
  const code = `import(${client}).then((m) => m.call(${request}))
    .catch((e) => console.log(e.exitCode, e.diagnostics?.[0]?.code ?? e.message))`;
  const how = { uid: 65534, gid: 65534, cwd: "/", env: { HOME: "/" } };
  const { stdout } = await promisify(execFile)(process.execPath, ["-e", code], how);
  expect(stdout.trim()).toBe("4 P605");
});
