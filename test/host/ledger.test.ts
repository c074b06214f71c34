import { expect, test } from "vitest";
import { parseLedger, readLedger } from "../../src/host/ledger.ts";

const SILENT = [2, 13];
const exitOf = (text: string) => parseLedger(text, SILENT).exit;

test("a run in progress has a mark and a pid, and no exit", () => {
  expect(parseLedger("run p:api.1.2\nstart 4100\n", SILENT)).toEqual({
    mark: "p:api.1.2",
    pid: 4100,
    exit: null,
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
    mark: "p:api.1.2",
    pid: null,
    exit: null,
  });
  expect(readLedger("/no/such/file")).toEqual({ mark: null, pid: null, exit: null });
});
