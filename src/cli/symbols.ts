import type { State } from "../control/protocol.ts";
import type { Paint } from "./paint.ts";

/** A state as people see it. Every symbol stands beside its word, so colour and shape are never alone. */
export interface StateLook {
  readonly symbol: string;
  readonly ascii: string;
  readonly word: string;
  readonly style: (paint: Paint) => (text: string) => string;
}

const dim = (paint: Paint) => paint.dim;
const cyan = (paint: Paint) => paint.cyan;
const red = (paint: Paint) => paint.red;

export const STATES: Readonly<Record<State, StateLook>> = {
  waiting: { symbol: "·", ascii: ".", word: "waiting", style: dim },
  starting: { symbol: "◌", ascii: "..", word: "starting", style: cyan },
  ready: { symbol: "✓", ascii: "ok", word: "ready", style: (paint) => paint.green },
  unready: { symbol: "!", ascii: "!", word: "not ready", style: (paint) => paint.yellow },
  reloading: { symbol: "~", ascii: "~", word: "reloading", style: cyan },
  idle: { symbol: "◍", ascii: "o", word: "idle", style: dim },
  stopping: { symbol: "◌", ascii: "..", word: "stopping", style: cyan },
  stopped: { symbol: "■", ascii: "#", word: "stopped", style: dim },
  done: {
    symbol: "●",
    ascii: "done",
    word: "done",
    style: (paint) => (text) => paint.dim(paint.green(text)),
  },
  crashed: { symbol: "✗", ascii: "FAIL", word: "crashed", style: red },
  failed: {
    symbol: "✗",
    ascii: "FAIL",
    word: "gave up",
    style: (paint) => (text) => paint.bold(paint.red(text)),
  },
  disabled: { symbol: "-", ascii: "-", word: "disabled", style: dim },
};

/** The state's symbol in its colour, padded to one width for all states. */
export function stateSymbol(state: State, paint: Paint, ascii: boolean): string {
  const look = STATES[state];
  const symbol = ascii ? look.ascii.padEnd(asciiWidth) : look.symbol;
  return look.style(paint)(symbol);
}

const asciiWidth = Math.max(...Object.values(STATES).map((look) => look.ascii.length));

/** What procs draws with beside states. */
export interface Marks {
  readonly bar: string;
  readonly ellipsis: string;
  readonly rule: string;
  readonly arrow: string;
  readonly full: string;
  readonly empty: string;
}

const UTF8_MARKS: Marks = {
  bar: "│",
  ellipsis: "…",
  rule: "──",
  arrow: "->",
  full: "■",
  empty: "□",
};
const ASCII_MARKS: Marks = {
  bar: "|",
  ellipsis: "...",
  rule: "--",
  arrow: "->",
  full: "#",
  empty: ".",
};

export function marksFor(ascii: boolean): Marks {
  return ascii ? ASCII_MARKS : UTF8_MARKS;
}
