/** Milliseconds of a duration such as `300ms`, `10s`, `1m30s`, `2h`, `7d`. The schema has seen to its form, and to where days are allowed. */
export function parseDuration(text: string): number {
  let total = 0;
  for (const [, number = "0", unit = "s"] of text.matchAll(/([\d.]+)(ms|s|m|h|d)/g)) {
    total += Number(number) * (UNITS[unit] ?? 0);
  }
  // Longer than any machine runs; keeps sums of deadlines exact.
  return Math.min(Math.round(total), DURATION_MS_MAX);
}

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 24 * 3_600_000,
};
const DURATION_MS_MAX = 1_000 * 24 * 3_600_000;

/** Bytes of a size such as `500KB`, `10MB`, `1.5GB`; a KB has 1000. The schema has seen to its form. */
export function parseSize(text: string): number {
  const [, number = "0", unit = "B"] = /^([\d.]+)(B|KB|MB|GB)$/.exec(text) ?? [];
  return Math.min(Math.round(Number(number) * (SIZES[unit] ?? 1)), Number.MAX_SAFE_INTEGER);
}

const SIZES: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1_000,
  MB: 1_000_000,
  GB: 1_000_000_000,
};

/** `100ms..30s`, or one duration for both. */
export function parseBackoff(text: string): { readonly min: number; readonly max: number } {
  const [min = "", max = min] = text.split("..");
  return { min: parseDuration(min), max: parseDuration(max) };
}

/** What is wrong with a schedule, or null. The fields as cron knows them, checked for what people mistype. */
export function cronFault(cron: string): string | null {
  if (cron.startsWith("@")) {
    return NICKNAMES.has(cron)
      ? null
      : `there is no ${cron}; there are ${[...NICKNAMES].join(", ")}`;
  }
  const fields = cron.trim().split(/\s+/);
  if (fields.length !== 5 && fields.length !== 6) {
    return `it has ${fields.length} ${fields.length === 1 ? "field" : "fields"}, not 5 (minute, hour, day, month, weekday) or 6 (seconds first)`;
  }
  const ranges = fields.length === 6 ? FIELDS : FIELDS.slice(1);
  for (const [index, field] of fields.entries()) {
    const range = ranges[index];
    if (range === undefined) continue;
    const isFine = field.split(",").every((part) => isCronPart(part, range));
    if (!isFine) return `"${field}" is not a ${range.name} (${range.min} to ${range.max})`;
  }
  return null;
}

const NICKNAMES: ReadonlySet<string> = new Set([
  "@yearly",
  "@annually",
  "@monthly",
  "@weekly",
  "@daily",
  "@midnight",
  "@hourly",
]);

interface CronField {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly names?: RegExp;
}

const FIELDS: readonly CronField[] = [
  { name: "second", min: 0, max: 59 },
  { name: "minute", min: 0, max: 59 },
  { name: "hour", min: 0, max: 23 },
  { name: "day", min: 1, max: 31, names: /^(?:L|\d{1,2}W|LW)$/i },
  {
    name: "month",
    min: 1,
    max: 12,
    names: /^(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)$/i,
  },
  {
    name: "weekday",
    min: 0,
    max: 7,
    names: /^(?:L|(?:sun|mon|tue|wed|thu|fri|sat|[0-7])(?:[L]|#[1-5L])?)$/i,
  },
];

function isCronPart(part: string, field: CronField): boolean {
  const [base = "", step, ...more] = part.split("/");
  if (more.length > 0 || (step !== undefined && !/^[1-9]\d{0,3}$/.test(step))) return false;
  if (base === "*" || base === "?") return true;
  return base.split("-").every((value, _index, all) => {
    if (all.length > 2) return false;
    if (/^\d{1,2}$/.test(value)) return Number(value) >= field.min && Number(value) <= field.max;
    return field.names?.test(value) ?? false;
  });
}

/** Whether this machine knows a time zone of this name. */
export function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
