import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { socketOf } from "../../src/control/address.ts";

test("the address is what the supervisor wrote; anything else is none, and is waited for by nobody", () => {
  const folder = mkdtempSync(join(tmpdir(), "procs-address-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const address = join(folder, "address");
  const asked = () => socketOf({ address, socket: "/here/sock" });
  expect(asked()).toBe("/here/sock");
  writeFileSync(address, "/there/sock");
  expect(asked()).toBe("/there/sock");
  for (const text of ["", "there/sock", "\0", "/there\0/sock"]) {
    writeFileSync(address, text);
    expect(asked()).toBe("/here/sock");
  }
  truncateSync(address, 3 * 1024 ** 3);
  expect(asked()).toBe("/here/sock");
  rmSync(address);
  execFileSync("mkfifo", [address]);
  expect(asked()).toBe("/here/sock");
  rmSync(address);
  mkdirSync(address);
  expect(asked()).toBe("/here/sock");
});
