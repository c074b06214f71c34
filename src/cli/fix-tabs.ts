/** YAML is indented with spaces: each tab before the first word of a line becomes two. */
export function fixTabs(text: string): { readonly text: string; readonly lines: number } {
  let lines = 0;
  const fixed = text.replaceAll(/^[ \t]*\t[ \t]*/gm, (indent) => {
    lines += 1;
    return indent.replaceAll("\t", "  ");
  });
  return { text: fixed, lines };
}
