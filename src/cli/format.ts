/** A span as people say it, one unit: `12s`, `3m`, `5h`, `2d`. */
export function span(millis: number): string {
  const seconds = Math.max(0, Math.floor(millis / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 2 * 86_400) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

/** `3s ago`; `just now` below a second. */
export function ago(millis: number): string {
  return millis < 1000 ? "just now" : `${span(millis)} ago`;
}

/** How long something took: `12ms`, `0.3s`, `41s`, `1m 20s`. */
export function took(millis: number): string {
  if (millis < 50) return `${Math.max(0, Math.round(millis))}ms`;
  if (millis < 9950) return `${(millis / 1000).toFixed(1)}s`;
  const seconds = Math.round(millis / 1000);
  if (seconds < 60) return `${seconds}s`;
  return seconds % 60 === 0 ? `${seconds / 60}m` : `${Math.floor(seconds / 60)}m ${seconds % 60}s`;
}

/** `9 MB`, `1.4 GB`. */
export function bytes(count: number): string {
  const mega = count / 1024 / 1024;
  if (mega < 1) return `${Math.max(1, Math.round(count / 1024))} KB`;
  if (mega < 1000) return `${Math.round(mega)} MB`;
  return `${(mega / 1024).toFixed(1)} GB`;
}

export function percent(value: number): string {
  return `${value > 0 && value < 0.5 ? "<1" : Math.round(value)}%`;
}

/** `12:04:31` in local time; with the date in front when it is another day. */
export function clock(time: string, nowMs: number): string {
  const at = new Date(time);
  if (Number.isNaN(at.getTime())) return time;
  const two = (n: number) => String(n).padStart(2, "0");
  const clockTime = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  if (at.toDateString() === new Date(nowMs).toDateString()) return clockTime;
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${clockTime}`;
}

/** `1 edit`, `2 edits`. */
export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : plural}`;
}
