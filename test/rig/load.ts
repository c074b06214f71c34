import { spawn } from "node:child_process";
import { resolve } from "node:path";

const CLIENT = resolve(import.meta.dirname, "../../bench/load.mjs");

/** What bench/load.mjs counted. `shares`: by the x-instance header of the answers. */
export interface Counts {
  readonly requests: number;
  readonly ok: number;
  readonly refused: number;
  readonly reset: number;
  readonly timeout: number;
  readonly other: number;
  readonly connections: number;
  readonly slowestMs: number;
  readonly shares: Readonly<
    Record<string, { readonly answers: number; readonly connections: number }>
  >;
  /** The first few of each kind; `at`: milliseconds since the load began. */
  readonly first: readonly {
    readonly kind: string;
    readonly detail: string;
    readonly at: number;
  }[];
}

/** Load that goes on until it is asked what came of it. */
export interface Load extends AsyncDisposable {
  end(): Promise<Counts>;
}

/**
 * Requests without a pause on that many connections; `close`: each request on a connection of its own; `seconds`: it
 * ends by itself after that.
 */
export function startLoad(
  url: string,
  options: {
    readonly connections?: number;
    readonly close?: boolean;
    readonly pauseMs?: number;
    readonly seconds?: number;
  } = {},
): Load {
  const args = [
    ...[CLIENT, url, "--connections", String(options.connections ?? 20)],
    ...(options.seconds === undefined ? ["--until-eof"] : ["--seconds", String(options.seconds)]),
    ...["--pause", String(options.pauseMs ?? 0), ...(options.close === true ? ["--close"] : [])],
  ];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (part) => {
    text += part;
  });
  const over = new Promise<void>((done) => child.once("close", () => done()));
  return {
    async end() {
      if (options.seconds === undefined) child.stdin.end();
      await over;
      return JSON.parse(text);
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await over;
    },
  };
}

/** Nothing but what went wrong, so that a test that compares it with `{}` prints it. */
export function failures(counts: Counts): Readonly<Record<string, unknown>> {
  const { refused, reset, timeout, other, first } = counts;
  const kinds = Object.entries({ refused, reset, timeout, other }).filter(([, count]) => count > 0);
  return kinds.length === 0 ? {} : { ...Object.fromEntries(kinds), first };
}
