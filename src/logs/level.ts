/** How bad a line is, by its own words; in order. */
export const LEVELS = ["trace", "debug", "info", "warn", "error", "fatal"] as const;

export type Level = (typeof LEVELS)[number];

/** A line longer than this is not parsed as JSON only to learn its level. */
const JSON_LENGTH_MAX = 65_536;

const WORDS: Readonly<Record<string, Level>> = {
  trace: "trace",
  verbose: "debug",
  debug: "debug",
  dbg: "debug",
  info: "info",
  information: "info",
  notice: "info",
  default: "info",
  warn: "warn",
  warning: "warn",
  wrn: "warn",
  error: "error",
  err: "error",
  fatal: "fatal",
  critical: "fatal",
  crit: "fatal",
  panic: "fatal",
  alert: "fatal",
  emerg: "fatal",
  emergency: "fatal",
};

const WORD = Object.keys(WORDS)
  .filter((word) => word !== "default")
  .sort((a, b) => b.length - a.length)
  .join("|");

/** Where a level stands in lines of text, surest first; the first group is the word. */
const PLACES: readonly RegExp[] = [
  new RegExp(`\\b(?:level|lvl|severity)=["']?(${WORD})\\b`, "i"),
  new RegExp(`^[^a-z]{0,40}[[<(|](${WORD})\\s*[\\])>|]`, "i"),
  new RegExp(`^[\\d\\s:.,/TZ+-]*(${WORD})\\b\\s*[:|\\]]`, "i"),
  new RegExp(`^.{0,60}?\\b(${WORD.toUpperCase()})\\b`),
  new RegExp(`^(${WORD})\\b`, "i"),
];
const EXCEPTION = /^(?:Uncaught )?[\w.]*(?:Error|Exception)\b/;

/** The level a line gives itself, in JSON or in words; null when it gives none. `text` is without controls. */
export function levelOf(text: string): Level | null {
  const json = parseJsonObject(text);
  if (json !== null) return levelOfJson(json);
  for (const place of PLACES) {
    const word = place.exec(text)?.[1]?.toLowerCase();
    if (word !== undefined) return WORDS[word] ?? null;
  }
  return EXCEPTION.test(text) ? "error" : null;
}

/** Whether `level` is as bad as `least`; a line without a level counts as info. */
export function isAtLeast(level: Level | null, least: Level): boolean {
  return LEVELS.indexOf(level ?? "info") >= LEVELS.indexOf(least);
}

/** The level that a person asked for by word; null for a word that is none. */
export function parseLevel(word: string): Level | null {
  return WORDS[word.toLowerCase()] ?? null;
}

/** The level of a JSON log line: `level` or `severity`, a word or a number as pino and bunyan write it. */
export function levelOfJson(json: Readonly<Record<string, unknown>>): Level | null {
  for (const key of ["level", "severity", "lvl", "log.level", "levelname"]) {
    const value = json[key];
    if (typeof value === "number") return levelOfNumber(value);
    if (typeof value === "string" && value !== "") return parseLevel(value);
  }
  return null;
}

/** The object of a line that is one JSON object; null for any other line. */
export function parseJsonObject(text: string): Readonly<Record<string, unknown>> | null {
  if (!text.startsWith("{") || text.length > JSON_LENGTH_MAX) return null;
  try {
    // What begins with a brace and parses is an object.
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return null;
  }
}

function levelOfNumber(value: number): Level {
  return LEVELS[Math.min(5, Math.max(0, Math.floor(value / 10) - 1))] ?? "info";
}
