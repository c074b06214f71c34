import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { ServiceSpec } from "../../src/core/spec.ts";
import type { Account } from "../../src/host/account.ts";
import {
  copyPreload,
  leaveShare,
  needsPreload,
  preloadEnvironment,
  preloadFolder,
  shareFile,
  useShare,
} from "../../src/host/preload.ts";
import { listening } from "../rig/specs.ts";
import { specOf } from "./spec.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), "procs-test-"));
  folders.push(folder);
  return folder;
}

const LISTEN = listening(3000);
const NOBODY: Account = { uid: 65_534, gid: 65_534, name: "nobody", home: null, shell: null };

function spec(change: Partial<ServiceSpec>): ServiceSpec {
  return { ...specOf(["x"]), ...change };
}

test("a service that shares sockets, or speaks by messages, has the preload; nobody else has", () => {
  const stop = { signal: "SIGTERM", timeout: 1, message: "shutdown" } as const;
  const probe = { interval: 1, timeout: 1, failures: 1 };
  expect(needsPreload(spec({ listen: LISTEN }))).toBe(true);
  expect(needsPreload(spec({ stop }))).toBe(true);
  expect(needsPreload(spec({ ready: { check: { kind: "message" }, ...probe } }))).toBe(true);
  expect(needsPreload(spec({}))).toBe(false);
  expect(needsPreload(spec({ listen: { ...LISTEN, mode: "proxy" } }))).toBe(false);
  expect(needsPreload(spec({ listen: LISTEN, helps: "api" }))).toBe(false);
});

test("PROCS_PRELOAD=off in its environment turns it off", () => {
  const off = { PROCS_PRELOAD: "off" };
  expect(needsPreload(spec({ listen: LISTEN, env: off }))).toBe(false);
  expect(needsPreload(spec({ listen: LISTEN, inherited: off }))).toBe(false);
});

test("it is told how the program will be asked to end", () => {
  const stop = { signal: "SIGINT", timeout: 5_000, message: "shut down" } as const;
  const env = preloadEnvironment(spec({ stop }), { folder: `/a b/"c"`, share: "/s" });
  expect(env).toEqual({
    NODE_OPTIONS: `--require "/a b/\\"c\\"/main.cjs"`,
    ...{ PROCS_STOP: "SIGINT 5000", PROCS_STOP_MESSAGE: "shut down", PROCS_SHARE: "/s" },
  });
});

test("the instances of a service share one file in the runtime folder", () => {
  const runtime = temporary();
  const place = { runtime, account: null };
  const path = shareFile(spec({ listen: LISTEN }), place);
  expect(path).toBe(join(runtime, "share", "api"));
  expect(statSync(path ?? "").mode & 0o777).toBe(0o600);
  writeFileSync(path ?? "", "12345678");
  expect(shareFile(spec({ listen: LISTEN }), place)).toBe(path);
  expect(statSync(path ?? "").size).toBe(8);
  expect(shareFile(spec({}), place)).toBe(null);
});

test("the last run that counts in the file removes it", () => {
  const place = { runtime: temporary(), account: null };
  const path = shareFile(spec({ listen: LISTEN }), place) ?? "";
  useShare(path);
  useShare(path);
  leaveShare(path);
  expect(existsSync(path)).toBe(true);
  leaveShare(path);
  expect(existsSync(path)).toBe(false);
});

test("a file of another make is not shared, and nothing fails for it", () => {
  const runtime = temporary();
  mkdirSync(join(runtime, "share"));
  symlinkSync("/etc/passwd", join(runtime, "share", "api"));
  expect(shareFile(spec({ listen: LISTEN }), { runtime, account: null })).toBe(null);
});

test.skipIf(process.getuid?.() !== 0)("another user gets a copy where ours cannot be read", () => {
  const folder = temporary();
  copyPreload(folder, NOBODY);
  expect(readdirSync(folder).sort()).toEqual(["main.cjs", "sockets.cjs"]);
  expect(statSync(join(folder, "main.cjs")).uid).toBe(NOBODY.uid);
  expect(preloadFolder(null)).not.toBe(null);
  const share = shareFile(spec({ listen: LISTEN }), { runtime: folder, account: NOBODY });
  expect(statSync(share ?? "").uid).toBe(NOBODY.uid);
  folders.push(share ?? "");
  chmodSync(share ?? "", 0o600);
});
