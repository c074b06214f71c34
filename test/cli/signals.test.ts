import { expect, test } from "vitest";
import { createSignals } from "../../src/cli/signals.ts";

test("nothing is caught before somebody asks, and nothing after the last lets go", () => {
  const before = process.listenerCount("SIGHUP");
  const signals = createSignals();
  expect(process.listenerCount("SIGHUP")).toBe(before);
  const release = signals.take(() => undefined);
  expect(process.listenerCount("SIGHUP")).toBe(before + 1);
  release();
  expect(process.listenerCount("SIGHUP")).toBe(before);
});

test("the last one that asked gets the signals, with how many interrupts there were", () => {
  const signals = createSignals();
  const seen: string[] = [];
  const releaseOuter = signals.take((signal, count) => seen.push(`outer ${signal} ${count}`));
  const releaseInner = signals.take((signal, count) => seen.push(`inner ${signal} ${count}`));
  // The listeners are called as the process would, without a signal that other listeners might take.
  const raise = (signal: "SIGINT" | "SIGHUP") => process.listeners(signal).at(-1)?.(signal);
  raise("SIGINT");
  releaseInner();
  raise("SIGINT");
  raise("SIGHUP");
  releaseOuter();
  expect(seen).toEqual(["inner SIGINT 1", "outer SIGINT 2", "outer SIGHUP 2"]);
});

test("an abort signal aborts at the first, with its name", () => {
  const signals = createSignals();
  const signal = signals.abortSignal();
  expect(signals.abortSignal()).toBe(signal);
  process.listeners("SIGTERM").at(-1)?.("SIGTERM");
  expect(signal.aborted).toBe(true);
  expect(signal.reason).toBe("SIGTERM");
  for (const word of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    const ours = process.listeners(word).at(-1);
    if (ours !== undefined) process.off(word, ours);
  }
});
