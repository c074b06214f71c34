import { EXIT, userError } from "../errors.ts";
import { parseDuration } from "./args.ts";

/**
 * A point in the past as people write it: `10m` (so long ago), `12:00` or `12:00:30` (today, or yesterday when that
 * is still to come), `2026-03-01T12:00Z`. Milliseconds since 1970. Throws P803, exit 2.
 */
export function parseWhen(text: string, nowMs: number): number {
  const span = /[a-z]$/.test(text) ? parseDuration(text) : null;
  if (span !== null) return nowMs - span;
  const clock = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(text);
  if (clock !== null) {
    const at = new Date(nowMs);
    at.setHours(Number(clock[1]), Number(clock[2]), Number(clock[3] ?? 0), 0);
    if (at.getTime() > nowMs) at.setDate(at.getDate() - 1);
    return at.getTime();
  }
  const at = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) {
    throw userError(EXIT.usage, "P803", `"${text}" is not a time`, {
      help: ["write how long ago (10m), a time of day (12:00), or 2026-03-01T12:00Z"],
    });
  }
  return at;
}
