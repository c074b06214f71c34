import type { FileValue } from "./file-form.ts";

/** Gives the comment for a path such as `services.api.env.PORT`, or null. */
export type Comment = (path: readonly string[]) => string | null;

/** A value as YAML lines: maps in block style, lists of plain values on one line. */
export function yamlLines(
  value: Readonly<Record<string, FileValue | undefined>>,
  comment: Comment,
): readonly string[] {
  return mapLines(value, [], comment);
}

function mapLines(
  value: Readonly<Record<string, FileValue | undefined>>,
  path: readonly string[],
  comment: Comment,
): readonly string[] {
  const indent = "  ".repeat(path.length);
  return Object.entries(value).flatMap(([key, one]) => {
    if (one === undefined) return [];
    const here = [...path, key];
    const note = comment(here);
    const end = note === null ? "" : `   # ${note}`;
    const head = `${indent}${scalar(key)}:`;
    if (isMap(one) && Object.values(one).some((inner) => inner !== undefined)) {
      return [head + end, ...mapLines(one, here, comment)];
    }
    return [`${head} ${inline(one)}${end}`];
  });
}

function inline(value: FileValue): string {
  if (isMap(value)) {
    const parts = Object.entries(value).flatMap(([key, one]) =>
      one === undefined ? [] : [`${scalar(key)}: ${inline(one)}`],
    );
    return parts.length === 0 ? "{}" : `{ ${parts.join(", ")} }`;
  }
  if (typeof value === "object") return `[${value.map((one) => inline(one)).join(", ")}]`;
  return typeof value === "string" ? scalar(value) : String(value);
}

function isMap(value: FileValue): value is { readonly [key: string]: FileValue | undefined } {
  return typeof value === "object" && !Array.isArray(value);
}

/** Plain where no YAML reader could take it for anything but this text; else in double quotes, as JSON. */
export function scalar(text: string): string {
  const isPlain = /^[A-Za-z_./][\w./@%+=-]*(?: [\w./@%+=-]+)*$/.test(text);
  const isWord = /^(?:true|false|yes|no|on|off|null|y|n|\.inf|\.nan)$/i.test(text);
  const isNumber = /^[.\d]/.test(text) && !Number.isNaN(Number(text));
  const isMeasure =
    /^(?:\d+(?:ms|s|m|h))+(?:\.\.(?:\d+(?:ms|s|m|h))+)?$|^\d+(?:\.\d+)?[KMG]?B$/.test(text);
  if (isMeasure) return text;
  return isPlain && !isWord && !isNumber ? text : JSON.stringify(text);
}
