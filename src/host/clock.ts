import type { Clock } from "../core/ports.ts";
import type { Millis } from "../core/spec.ts";

/** The longest delay that setTimeout takes; beyond it, it would fire at once. */
const DELAY_MS_MAX = 2 ** 31 - 1;

/**
 * The monotonic clock of the system in milliseconds: the same for all processes of one boot, so that what one
 * supervisor noted down holds for the next. (`performance.now()` counts from the start of its own process.)
 */
export function monotonicMs(): Millis {
  const [seconds, nanos] = process.hrtime();
  return seconds * 1_000 + nanos / 1e6;
}

/** The one alarm, on the monotonic clock; `ring` is called once an alarm, and never inside `wakeAt`. */
export function createClock(ring: () => void): Clock & { close(): void } {
  let alarmAt: Millis | null = null;
  let timer: NodeJS.Timeout | null = null;

  const arm = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (alarmAt === null) return;
    const delayMs = Math.ceil(Math.max(0, alarmAt - monotonicMs()));
    timer = setTimeout(fire, Math.min(delayMs, DELAY_MS_MAX));
  };
  const fire = (): void => {
    timer = null;
    if (alarmAt === null) return;
    // A timer may fire up to a millisecond early, and far alarms take several timers.
    if (monotonicMs() < alarmAt) {
      arm();
      return;
    }
    alarmAt = null;
    ring();
  };
  const wakeAt = (at: Millis | null): void => {
    if (at === alarmAt) return;
    alarmAt = at;
    arm();
  };
  return { now: monotonicMs, wakeAt, close: () => wakeAt(null) };
}
