import { parseYaml } from "./parse.ts";
import { createSource } from "./source.ts";

/**
 * The text of a procs.yaml with spaces in place of the tabs that indent it, or null when no width of a
 * tab makes it YAML. Everything else is left as it is.
 */
export function fixTabs(text: string): string | null {
  for (const width of TAB_WIDTHS) {
    const fixed = text.replace(/^[ \t]*\t[ \t]*/gm, (indent) => spacesOf(indent, width));
    const { problems } = parseYaml(createSource("/", "/", "/", fixed));
    if (problems.length === 0) return fixed;
  }
  return null;
}

/** As editors show them: the first that fits the lines without tabs is what was meant. */
const TAB_WIDTHS: readonly number[] = [4, 2, 8];

function spacesOf(indent: string, width: number): string {
  let column = 0;
  for (const character of indent) column += character === "\t" ? width - (column % width) : 1;
  return " ".repeat(column);
}
