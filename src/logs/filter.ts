import { stripControls } from "./clean.ts";
import { entryText, type LogEntry } from "./entry.ts";
import { isAtLeast, type Level, levelOf } from "./level.ts";

export interface FilterOptions {
  /** Without the flags `g` and `y`; null: every line matches. */
  readonly pattern: RegExp | null;
  /** Take the lines that do not match the pattern. */
  readonly invert: boolean;
  /** null: any. */
  readonly level: Level | null;
  /** Lines shown before and after each match. */
  readonly contextLines: number;
}

/**
 * Picks matching lines and their neighbours out of a merged stream. One filter serves history and the
 * following after it, so that the context reaches over the seam.
 */
export class LineFilter {
  readonly #options: FilterOptions;
  readonly #before: LogEntry[] = [];
  #after = 0;
  #scanned = 0;
  #matched = 0;

  constructor(options: FilterOptions) {
    this.#options = options;
  }

  /** Lines looked at. */
  get scanned(): number {
    return this.#scanned;
  }

  /** Lines that matched, without their context. */
  get matched(): number {
    return this.#matched;
  }

  /** The entries to show because of this one, in order. */
  push(entry: LogEntry): readonly LogEntry[] {
    // That lines are missing is told to whoever searches, too.
    if (entry.dropped !== undefined) return [entry];
    if (entry.begins) this.#scanned += 1;
    if (this.#matches(entry)) {
      this.#matched += 1;
      this.#after = this.#options.contextLines;
      return [...this.#before.splice(0), entry];
    }
    if (this.#after > 0) {
      this.#after -= 1;
      return [entry];
    }
    if (this.#options.contextLines === 0) return [];
    this.#before.push(entry);
    if (this.#before.length > this.#options.contextLines) this.#before.shift();
    return [];
  }

  #matches(entry: LogEntry): boolean {
    const { pattern, invert, level } = this.#options;
    const text = stripControls(entryText(entry));
    if (pattern !== null && pattern.test(text) === invert) return false;
    return level === null || isAtLeast(levelOf(text), level);
  }
}
