import { levelOfJson, parseJsonObject } from "./level.ts";

/** Shown in front, or by us already. */
const LEFT_OUT = new Set(["msg", "message", "time", "timestamp", "ts", "@timestamp", "v"]);
const LEVEL_KEYS = new Set(["level", "severity", "lvl", "log.level", "levelname"]);
/** The same in every line of a program. */
const CONSTANT = new Set(["pid", "hostname"]);

/** A JSON log line as a person reads it, `message level=warn key=value`; null when it is not one. */
export function describeJsonLine(text: string): string | null {
  const json = parseJsonObject(text);
  const message = json?.msg ?? json?.message;
  if (json === null || typeof message !== "string") return null;
  const level = levelOfJson(json);
  const parts = [message];
  if (level !== null && level !== "info") parts.push(`level=${level}`);
  for (const [key, value] of Object.entries(json)) {
    if (LEFT_OUT.has(key) || LEVEL_KEYS.has(key) || CONSTANT.has(key)) continue;
    parts.push(`${key}=${describeValue(value)}`);
  }
  return parts.join(" ").replaceAll("\n", " ");
}

function describeValue(value: unknown): string {
  if (typeof value !== "string") return JSON.stringify(value);
  return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
}
