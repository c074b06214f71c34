import { expect, test } from "vitest";
import { readLedger, statusWords } from "../../src/logs/ledger.ts";
import { storedRuns } from "./stored.ts";

test("a ledger says which process ran and how it ended", () => {
  using stored = storedRuns();
  const { ledger } = stored.files("api.1/1");
  expect(readLedger(ledger)).toEqual({ pid: null, status: null });
  stored.ledger("api.1/1", "run abc/api.1.1");
  stored.ledger("api.1/1", "start 4711");
  expect(readLedger(ledger)).toEqual({ pid: 4711, status: null });
  stored.ledger("api.1/1", "Terminated");
  stored.ledger("api.1/1", "exit 143");
  expect(readLedger(ledger)).toEqual({ pid: 4711, status: 143 });
});

test("a status is said in words", () => {
  expect(statusWords(0)).toBe("exit 0");
  expect(statusWords(1)).toBe("exit 1");
  expect(statusWords(137)).toBe("killed by SIGKILL");
  expect(statusWords(143)).toBe("killed by SIGTERM");
  expect(statusWords(255)).toBe("exit 255");
});
