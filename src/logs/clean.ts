/**
 * Anything a terminal would act on instead of showing it. Watchers clear the screen when they rebuild;
 * in a merged stream that would erase everybody else's lines.
 */
const CONTROL = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/;

const SEQUENCES = new RegExp(
  [
    // CSI: colours are told apart below. A torn one at the end goes too.
    "(?:\\x1b\\[|\\x9b)[0-?]*[ -/]*(?:[@-~]|$)",
    // Strings: title, links, device control. They end with BEL or ST, or where the line ends.
    "(?:\\x1b[\\]PX^_]|[\\x9d\\x90\\x98\\x9e\\x9f])[^\\x07\\x1b\\x9c]*(?:\\x07|\\x1b\\\\|\\x9c|(?=\\x1b)|$)",
    // Short ones: full reset, save and restore the cursor, character sets.
    "\\x1b[ -/]*(?:[0-~]|$)",
    // Bell, backspace, and the rest; tabs stay.
    "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f]",
  ].join("|"),
  "g",
);

const COLOUR = /^\x1b\[[\d;:]*m$/;
const COLOURS = /\x1b\[[\d;:]*m/g;
const RESET = /^\x1b\[0*m$/;

/** The line without anything but its text. */
export function stripControls(text: string): string {
  if (!CONTROL.test(text)) return text;
  return lastOverwrite(text.replace(SEQUENCES, ""));
}

/** The line with its colours and without any other control; colours never reach into the next line. */
export function keepColours(text: string): string {
  if (!CONTROL.test(text)) return text;
  const kept = lastOverwrite(text.replace(SEQUENCES, (found) => (COLOUR.test(found) ? found : "")));
  const last = kept.match(COLOURS)?.at(-1);
  return last === undefined || RESET.test(last) ? kept : `${kept}\x1b[0m`;
}

/** A progress bar writes its line again and again after a carriage return: a terminal shows the last. */
function lastOverwrite(text: string): string {
  if (!text.includes("\r")) return text;
  return text.split("\r").findLast((part) => part.replace(COLOURS, "") !== "") ?? "";
}
