import type { Clock } from "../core/ports.ts";
import type { Millis } from "../core/spec.ts";

/** The longest delay that setTimeout takes; beyond it, it would fire at once. */
const DELAY_MS_MAX = 2 ** 31 - 1;

/** The one alarm, on the monotonic clock; `ring` is called once an alarm, and never inside `wakeAt`. */
export function createClock(ring: () => void): Clock & { close(): void } {
  let alarmAt: Millis | null = null;
  let timer: NodeJS.Timeout | null = null;

  const now = (): Millis => performance.now();
  const arm = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (alarmAt === null) return;
    const delayMs = Math.ceil(Math.max(0, alarmAt - now()));
    timer = setTimeout(fire, Math.min(delayMs, DELAY_MS_MAX));
  };
  const fire = (): void => {
    timer = null;
    if (alarmAt === null) return;
    // A timer may fire up to a millisecond early, and far alarms take several timers.
    if (now() < alarmAt) {
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
  return { now, wakeAt, close: () => wakeAt(null) };
}
