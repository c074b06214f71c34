import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { call } from "../../src/control/client.ts";
import { distrust, userName } from "../../src/control/trust.ts";

const isRoot = process.getuid?.() === 0;
let root: string;
let folder: string;
let socket: string;
let heard = "";
let server: Server | null = null;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "procs-trust-"));
  folder = join(root, "run", "abc");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  socket = join(folder, "sock");
  heard = "";
  const listening = createServer((connection) => {
    connection.on("error", () => undefined);
    connection.on("data", (data) => {
      heard += data;
      connection.end("HTTP/1.1 200 OK\r\n\r\n{}");
    });
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(socket, resolve));
});
afterEach(async () => {
  await new Promise<void>((resolve) => server?.close(() => resolve()));
  rmSync(root, { recursive: true, force: true });
});

const ask = () => call({ socket, method: "POST", path: "/", body: { secret: "s3cr3t" } });
const fault = () => {
  const found = distrust(socket)?.diagnostics[0];
  return found === undefined ? null : `${found.code} ${found.message}`;
};

test("our own socket in a folder of ours is spoken to", async () => {
  expect(fault()).toBeNull();
  expect(await ask()).toEqual({});
  expect(heard).toContain("s3cr3t");
});

test("where nothing is, nothing is suspected", () => {
  expect(distrust("/nowhere/at/all/sock")).toBeNull();
  expect(distrust(join(root, "run", "other", "sock"))).toBeNull();
});

test("a folder into which others may put a socket is not spoken to", async () => {
  chmodSync(folder, 0o777);
  expect(fault()).toBe(`P604 ${folder} can be written by others`);
  await expect(ask()).rejects.toMatchObject({ exitCode: 4, diagnostics: [{ code: "P604" }] });
  expect(heard).toBe("");
});

test("a folder that others may exchange is not spoken to; in one like /tmp they may not", async () => {
  chmodSync(join(root, "run"), 0o777);
  expect(fault()).toBe(`P604 ${join(root, "run")} can be written by others`);
  chmodSync(join(root, "run"), 0o1777);
  expect(fault()).toBeNull();
  expect(await ask()).toEqual({});
});

test("a link in the place of the folder is not followed", async () => {
  const link = join(root, "run", "link");
  symlinkSync(folder, link);
  socket = join(link, "sock");
  expect(fault()).toBe(`P604 ${link} is not a folder, or is a link to one`);
  await expect(ask()).rejects.toMatchObject({ diagnostics: [{ code: "P604" }] });
  expect(heard).toBe("");
});

test.runIf(isRoot).each([
  ["the folder above", () => join(root, "run")],
  ["the folder", () => folder],
  ["the socket", () => socket],
])("%s of another user: nothing is said to who listens there", async (_name, which) => {
  chownSync(which(), 65_534, 65_534);
  expect(fault()).toBe(`P605 this project is run by nobody, and you are root`);
  await expect(ask()).rejects.toMatchObject({
    exitCode: 4,
    diagnostics: [{ code: "P605", help: ["sudo -H -u nobody procs ps"] }],
  });
  expect(heard).toBe("");
});

test("users without a name are called by their number", () => {
  expect(userName(0)).toBe("root");
  expect(userName(4_000_000_000)).toBe("user 4000000000");
});
