import { EXIT, userError } from "../errors.ts";
import { readLines } from "./attached-input.ts";
import type { Context } from "./context.ts";

/**
 * Asks at the terminal and gives the line that was typed, trimmed; Ctrl-D gives an empty one. The terminal
 * stays in its normal mode throughout, so that nothing is left to repair when this program is killed.
 * Throws P809 at Ctrl-C (exit 130) and at SIGTERM or a closed terminal (143).
 */
export function askLine(
  question: string,
  context: Pick<Context, "err" | "onSignal">,
): Promise<string> {
  const { err } = context;
  return new Promise((resolve, reject) => {
    const finish = (act: () => void) => {
      release();
      input.close();
      act();
    };
    const onEnd = () => {
      err.line();
      finish(() => resolve(""));
    };
    const release = context.onSignal((word) => {
      err.line();
      const exit = word === "SIGINT" ? EXIT.interrupted : EXIT.terminated;
      finish(() => reject(userError(exit, "P809", "interrupted; nothing was changed")));
    });
    const input = readLines((line) => finish(() => resolve(line.trim())), onEnd);
    err.write(`${question} `);
  });
}
