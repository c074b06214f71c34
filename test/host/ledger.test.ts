import { expect, test } from "vitest";
import { ledgerHead, parseLedger, readLedger } from "../../src/host/ledger.ts";

const SILENT = [2, 13];
const NOTHING = {
  ...{
    mark: null,
    port: null,
    oom: null,
    exchange: null,
    pid: null,
    stop: null,
    stopAt: null,
    exit: null,
  },
};
const exitOf = (text: string) => parseLedger(text, SILENT).exit;

test("a run in progress has a mark and a pid, and no exit", () => {
  expect(parseLedger("run p:api.1.2\nstart 4100\n", SILENT)).toEqual({
    ...NOTHING,
    mark: "p:api.1.2",
    pid: 4100,
  });
});

test("a status is an exit code", () => {
  expect(exitOf("start 1\nexit 3\n")).toEqual({ kind: "code", code: 3 });
});

test("a status above 128 is a signal where the shell spoke of one, and a code where it did not", () => {
  expect(exitOf("start 1\nTerminated\nexit 143\n")).toEqual({ kind: "signal", signal: "SIGTERM" });
  expect(exitOf("start 1\nexit 143\n")).toEqual({ kind: "code", code: 143 });
});

test("a signal that the shell never speaks of is assumed", () => {
  expect(exitOf("start 1\nexit 130\n")).toEqual({ kind: "signal", signal: "SIGINT" });
});

test("a status that is no signal's is a code whatever was said", () => {
  expect(exitOf("start 1\nsh: 1: exec: x: not found\nexit 127\n")).toEqual({
    kind: "code",
    code: 127,
  });
  expect(exitOf("start 1\nwhat?\nexit 255\n")).toEqual({ kind: "code", code: 255 });
});

test("a torn or missing ledger knows nothing more than it has", () => {
  expect(parseLedger("run p:api.1.2\nsta", SILENT)).toEqual({
    ...NOTHING,
    mark: "p:api.1.2",
  });
  expect(parseLedger("run p:api.1.2\nstart 41", SILENT).pid).toBe(null);
  expect(readLedger("/no/such/file")).toEqual(NOTHING);
});

test("what the supervisor writes before the spawn is read back", () => {
  const head = {
    mark: "p:api.1.2",
    port: 4100,
    oom: 3,
    exchange: { kind: "notify", folder: "/run/a b/c" },
  };
  expect(parseLedger(ledgerHead(head), SILENT)).toEqual({ ...NOTHING, ...head });
  const bare = { mark: "p:api.1.2", port: null, oom: null, exchange: null };
  expect(parseLedger(ledgerHead(bare), SILENT)).toEqual({ ...NOTHING, ...bare });
});

test("a signal that was sent is noted, and is no word of the shell's", () => {
  const ledger = parseLedger("run p:api.1.2\nstart 1\nstop SIGTERM 7000\nexit 143\n", SILENT);
  expect(ledger).toMatchObject({
    stop: "SIGTERM",
    stopAt: 7_000,
    exit: { kind: "code", code: 143 },
  });
  expect(parseLedger("stop SIGNONSENSE\n", SILENT).stop).toBe(null);
});

test("what an earlier try of the same run wrote is not taken for this one's", () => {
  const text = "run p:api.1.2\nstart 1\nstop SIGTERM\nexit 3\nrun p:api.1.2\n";
  expect(parseLedger(text, SILENT)).toEqual({ ...NOTHING, mark: "p:api.1.2" });
});
