import { INSTANCE_MARK } from "../core/spec.ts";

/** `$$` for every dollar, so that reading it again replaces nothing. */
export function escaped(text: string): string {
  return text.replaceAll("$", "$$$$").replaceAll(INSTANCE_MARK, `${"$"}{procs.instance}`);
}
