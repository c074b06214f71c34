import type { Output } from "./output.ts";

/** At most ten repaints a second: a person sees no more, and a slow line carries no more. */
const PAINT_MS_MIN = 100;

/**
 * Keeps a few lines at the end of the screen up to date by repainting those that changed. Nothing is
 * pinned and the terminal stays in its normal state: what is killed half way leaves only old text.
 */
export interface Painter {
  /** These are the lines now; painted at once or a little later. */
  paint(lines: readonly string[]): void;
  /** A line of the user's was echoed below the block. */
  typed(): void;
  /** Text that stays, above the block. */
  insert(text: string): void;
  /** The last state, for good: nothing is repainted after this. */
  finish(lines: readonly string[]): void;
}

/** A painter on a terminal. Lines must not be wider than the terminal. */
export function createPainter(output: Pick<Output, "write">, height: () => number): Painter {
  let shown: readonly string[] = [];
  let wanted: readonly string[] = [];
  let typedBelow = 0;
  let paintedAt = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | null = null;

  const cancel = () => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
  };
  const paintNow = () => {
    cancel();
    paintedAt = performance.now();
    output.write(repaint(shown, wanted, typedBelow));
    shown = wanted;
    typedBelow = 0;
  };
  return {
    paint: (lines) => {
      // Only what is still on the screen can be reached: of a taller block the end is shown.
      wanted = lines.slice(-Math.max(1, height() - 2));
      const early = paintedAt + PAINT_MS_MIN - performance.now();
      if (early <= 0) return paintNow();
      timer ??= setTimeout(paintNow, early);
    },
    typed: () => {
      typedBelow += 1;
    },
    insert: (text) => {
      output.write(erase(shown, typedBelow) + text);
      shown = [];
      typedBelow = 0;
      paintNow();
    },
    finish: (lines) => {
      cancel();
      output.write(erase(shown, typedBelow) + lines.map((line) => `${line}\n`).join(""));
      shown = [];
      wanted = [];
    },
  };
}

/** The text that turns one block into another, with the cursor on the line below both. */
export function repaint(
  from: readonly string[],
  to: readonly string[],
  typedBelow: number,
): string {
  if (to.length < from.length || typedBelow > 0) {
    return erase(from, typedBelow) + to.map((line) => `${line}\n`).join("");
  }
  const lines = to.map((line, index) => (line === from[index] ? "\n" : `\r\x1b[2K${line}\n`));
  return up(from.length) + lines.join("");
}

function erase(shown: readonly string[], typedBelow: number): string {
  if (shown.length === 0) return "";
  return `${up(shown.length + typedBelow)}\r\x1b[J`;
}

function up(lines: number): string {
  return lines > 0 ? `\x1b[${lines}A` : "";
}
