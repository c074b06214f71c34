import { EXIT, userError } from "../errors.ts";
import { suggest } from "./suggest.ts";

/** The keys that `--fields` names, in its order. Throws P808 (exit 2) with the nearest one. */
export function chooseFields<K extends string>(
  wanted: readonly string[],
  known: readonly K[],
  aliases: Readonly<Record<string, K>> = {},
): readonly K[] {
  return wanted.map((word) => {
    const key = known.find((one) => one === word) ?? aliases[word];
    if (key !== undefined) return key;
    const near = suggest(word, [...known, ...Object.keys(aliases)]);
    throw userError(EXIT.usage, "P808", `there is no field "${word}"`, {
      help: [
        near === null
          ? `the fields are: ${known.join(", ")}`
          : `a field with a similar name exists: ${near}`,
      ],
    });
  });
}

/** Only these keys of an object, in this order. */
export function pick(
  value: Readonly<Record<string, unknown>>,
  keys: readonly string[],
): Record<string, unknown> {
  return Object.fromEntries(keys.map((key) => [key, value[key] ?? null]));
}
