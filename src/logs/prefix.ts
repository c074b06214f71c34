import { Chalk, type ChalkInstance } from "chalk";

/** Columns of the name at most; a longer one is cut in the middle, so that its number stays. */
const NAME_WIDTH_MAX = 16;

/** Six of the terminal's own colours; red is left for failures. */
const COLOURS = ["cyan", "yellow", "green", "magenta", "blue", "cyanBright"] as const;

export interface PrefixOptions {
  readonly color: boolean;
  /** `|` and `~` instead of `│` and `…`. */
  readonly ascii: boolean;
  /** Words that stand in the name column beside the instances: `procs`. */
  readonly others: readonly string[];
}

/**
 * The name in front of a line: `api.1 │ `. A service with one instance is `web` without a number, and a
 * single instance alone has no prefix at all. Names may be added while lines are already shown.
 */
export class Prefixes {
  readonly #options: PrefixOptions;
  readonly #chalk: ChalkInstance;
  readonly #slots = new Map<string, Set<number>>();
  readonly #numbered = new Set<string>();
  readonly #made = new Map<string, string>();

  constructor(options: PrefixOptions) {
    this.#options = options;
    this.#chalk = new Chalk({ level: options.color ? 1 : 0 });
  }

  /** Makes an instance known: it may widen the column, or give a number to its sibling. */
  add(service: string, slot: number): void {
    const slots = this.#slots.get(service) ?? new Set();
    this.#slots.set(service, slots);
    if (slots.has(slot)) return;
    slots.add(slot);
    this.#made.clear();
  }

  /** Makes known that a service has several instances, though perhaps only one of them is shown. */
  number(service: string): void {
    this.#numbered.add(service);
    this.#made.clear();
  }

  /** `web`, or `api.2` where there are several. */
  nameOf(service: string, slot: number): string {
    const isOneOfMany = (this.#slots.get(service)?.size ?? 0) > 1 || this.#numbered.has(service);
    return isOneOfMany ? `${service}.${slot}` : service;
  }

  /** The prefix of an instance's lines; empty for one instance alone. */
  of(service: string, slot: number): string {
    this.add(service, slot);
    const key = `${service}.${slot}`;
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    const isAlone = this.#names().length === 1 && this.#options.others.length === 0;
    const name = this.nameOf(service, slot);
    const prefix = isAlone ? "" : this.#chalk[colourOf(service)](this.#column(name));
    this.#made.set(key, prefix);
    return prefix;
  }

  /** The prefix of a line that no service wrote. */
  ofOther(word: string): string {
    return this.#chalk.dim(this.#column(word));
  }

  #column(name: string): string {
    const { ascii, others } = this.#options;
    const names = [...this.#names(), ...others].map((each) => cutMiddle(each, ascii).length);
    const width = Math.max(...names);
    return `${cutMiddle(name, ascii).padEnd(width)} ${ascii ? "|" : "│"} `;
  }

  #names(): string[] {
    return [...this.#slots].flatMap(([service, slots]) =>
      [...slots].map((slot) => this.nameOf(service, slot)),
    );
  }
}

/** The same service has the same colour in every window and on every day. */
export function colourOf(service: string): (typeof COLOURS)[number] {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(service)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return COLOURS[hash % COLOURS.length] ?? "cyan";
}

function cutMiddle(name: string, ascii: boolean): string {
  if (name.length <= NAME_WIDTH_MAX) return name;
  const head = Math.ceil((NAME_WIDTH_MAX - 1) / 2);
  const tail = NAME_WIDTH_MAX - 1 - head;
  return `${name.slice(0, head)}${ascii ? "~" : "…"}${name.slice(-tail)}`;
}
