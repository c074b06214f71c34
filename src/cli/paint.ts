/** How text is coloured on one stream. Every function returns its text unchanged when colour is off. */
export interface Paint {
  readonly on: boolean;
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly blue: (text: string) => string;
  readonly magenta: (text: string) => string;
  readonly cyan: (text: string) => string;
}

export interface ColorWish {
  /** The `--color` flag; null when it was not given. */
  readonly flag: "auto" | "always" | "never" | null;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isTty: boolean;
}

/** Whether to colour: --color, then FORCE_COLOR, NO_COLOR, CLICOLOR_FORCE, CLICOLOR, and at last the terminal. */
export function wantsColor(wish: ColorWish): boolean {
  const { env } = wish;
  if (wish.flag === "always") return true;
  if (wish.flag === "never") return false;
  if (env.FORCE_COLOR !== undefined) return env.FORCE_COLOR !== "0" && env.FORCE_COLOR !== "false";
  if (env.NO_COLOR) return false;
  if (env.CLICOLOR_FORCE && env.CLICOLOR_FORCE !== "0") return true;
  if (env.CLICOLOR === "0") return false;
  return wish.isTty && env.TERM !== "dumb";
}

/**
 * Only the 16 colours of the user's own theme. Written here rather than imported, because a
 * colour package costs `procs ps` a tenth of its whole time.
 */
export function paintFor(on: boolean): Paint {
  const style = (open: number, close: number) => (text: string) =>
    on && text !== "" ? `\x1b[${open}m${text}\x1b[${close}m` : text;
  return {
    on,
    bold: style(1, 22),
    dim: style(2, 22),
    red: style(31, 39),
    green: style(32, 39),
    yellow: style(33, 39),
    blue: style(34, 39),
    magenta: style(35, 39),
    cyan: style(36, 39),
  };
}
