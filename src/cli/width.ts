/** How many terminal cells a text takes: escape sequences and combining marks none, wide characters two. */
export function displayWidth(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes().segment(stripStyle(text))) width += graphemeWidth(segment);
  return width;
}

/** The text at exactly `width` cells where it is shorter; never cut. */
export function pad(text: string, width: number, align: "left" | "right" = "left"): string {
  const space = " ".repeat(Math.max(0, width - displayWidth(text)));
  return align === "left" ? text + space : space + text;
}

/** At most `width` cells, ending in `mark` where something was cut. For text without escape sequences. */
export function cut(text: string, width: number, mark = "…"): string {
  if (displayWidth(text) <= width) return text;
  const room = Math.max(0, width - displayWidth(mark));
  let taken = "";
  let used = 0;
  for (const { segment } of graphemes().segment(text)) {
    used += graphemeWidth(segment);
    if (used > room) break;
    taken += segment;
  }
  return displayWidth(mark) > width ? "" : taken + mark;
}

/** Breaks at spaces so that lines fit; a longer word stays whole. Later lines begin with `indent`. */
export function wrap(text: string, width: number, indent = ""): readonly string[] {
  if (displayWidth(text) <= width) return [text];
  const lead = /^ */.exec(text)?.[0] ?? "";
  const lines: string[] = [];
  let line = lead;
  let isFresh = true;
  for (const word of text.slice(lead.length).split(" ")) {
    if (!isFresh && displayWidth(line) + 1 + displayWidth(word) > width) {
      lines.push(line);
      line = indent + word;
    } else {
      line += isFresh ? word : ` ${word}`;
    }
    isFresh = false;
  }
  lines.push(line);
  return lines;
}

/** Colour and style sequences taken out. */
export function stripStyle(text: string): string {
  return text.replace(/\x1b\[[0-9;]*m/g, "");
}

/** Made once, and only when a text is not plain ASCII. */
let segmenter: Intl.Segmenter | null = null;
function graphemes(): Intl.Segmenter {
  segmenter ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  return segmenter;
}

function graphemeWidth(segment: string): number {
  const code = segment.codePointAt(0) ?? 0;
  if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return 0;
  if (/^[\p{Mark}\p{Cf}]/u.test(segment)) return 0;
  // A text symbol followed by the emoji selector is drawn as an emoji.
  if (/\p{Emoji_Presentation}|\ufe0f/u.test(segment)) return 2;
  return isWide(code) ? 2 : 1;
}

/** East Asian wide and full-width blocks (Unicode's EastAsianWidth W and F, by block). */
function isWide(code: number): boolean {
  return (
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0x303e) ||
    (code >= 0x3041 && code <= 0xa4cf) ||
    (code >= 0xa960 && code <= 0xa97f) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0xffe0 && code <= 0xffe6) ||
    (code >= 0x1b000 && code <= 0x1b2ff) ||
    (code >= 0x20000 && code <= 0x3fffd)
  );
}
