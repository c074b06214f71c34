import { readFileSync } from "node:fs";

// The programs can only read /proc/uptime, which counts hundredths. Everybody else uses the same clock, finer.
const offset = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) * 1000 - monotonicMs();

/** Milliseconds since boot, as in the records of the programs (which are up to 10 ms behind). */
export function uptimeMs() {
  return monotonicMs() + offset;
}

/** Waits, unless `signal` says that it is over. */
export function pause(ms, signal) {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener("abort", end);
  });
}

/** Asks until the answer is neither null nor false; null when the time is over. */
export async function until(check, limitMs, everyMs = 10) {
  const end = monotonicMs() + limitMs;
  for (;;) {
    const value = await check();
    if (value !== null && value !== false && value !== undefined) return value;
    if (monotonicMs() > end) return null;
    await pause(everyMs);
  }
}

function monotonicMs() {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}
