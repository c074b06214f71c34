/** Control characters could move the cursor or change the terminal: they are shown, not sent. */
export function printable(text: string): string {
  return text.replace(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    "�",
  );
}

/** Columns that a text takes on a terminal: wide characters take two, combining ones none. */
export function displayWidth(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const character of text)
    width += COMBINING.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return width;
}

const COMBINING = /\p{Mn}|\p{Me}|[\u200b-\u200f]/u;
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

export interface RenderOptions {
  readonly color: boolean;
  /** No characters beyond ASCII in the frame. */
  readonly ascii: boolean;
  /** Width of the terminal; longer notes are wrapped, longer source lines cut. */
  readonly columns: number;
}

/** How the parts of a message look. */
export interface Style {
  readonly head: (text: string) => string;
  readonly strong: (text: string) => string;
  readonly dim: (text: string) => string;
  /** The caret and what is said beside it. */
  readonly mark: (text: string) => string;
  readonly second: (text: string) => string;
}
