import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./until.ts";

/** Whether real terminals can be had here: they come from tmux. */
export const hasTerminals = spawnSync("tmux", ["-V"]).status === 0;
if (!hasTerminals) console.warn("tmux is not installed: what needs a terminal is NOT tested");

export interface TerminalSettings {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly columns?: number;
  readonly rows?: number;
}

/** A shell with job control in a terminal of its own, as a person would have it. */
export interface Terminal extends Disposable {
  /** Types a line and Enter. */
  enter(line: string): void;
  /** Presses a key by its tmux name: `C-c`, `C-z`, `Enter`. */
  press(key: string): void;
  /** All lines so far, also those that have left the screen. */
  text(): string;
  /** Waits until the text contains this, and gives the text; shows the screen where it does not. */
  shows(expected: string | RegExp): Promise<string>;
  /** Runs a command in the shell and gives what it printed. */
  asks(command: string): Promise<string>;
  /** Whether a program has switched to the alternate screen. */
  isAlternate(): boolean;
  /** The window is closed with all in it. */
  close(): void;
}

export function openTerminal(settings: TerminalSettings): Terminal {
  const folder = mkdtempSync(join(tmpdir(), "procs-terminal-"));
  const socket = join(folder, "tmux");
  const env = { ...settings.env, PS1: "$ ", TERM: "xterm-256color", LANG: "C.UTF-8", ENV: "" };
  const tmux = (...args: string[]): string => {
    const ran = spawnSync("tmux", ["-u", "-S", socket, "-f", "/dev/null", ...args], {
      env,
      cwd: settings.cwd,
      encoding: "utf8",
    });
    return ran.stdout;
  };
  const size = ["-x", String(settings.columns ?? 80), "-y", String(settings.rows ?? 24)];
  tmux("new-session", "-d", ...size, "sh", "-i");
  tmux("set-option", "-g", "history-limit", "10000");
  const text = () => tmux("capture-pane", "-p", "-J", "-S", "-");
  const enter = (line: string) => {
    tmux("send-keys", "-l", line);
    tmux("send-keys", "Enter");
  };
  let asked = 0;
  return {
    enter,
    press: (key) => void tmux("send-keys", key),
    text,
    shows: (expected) => waitFor(expected, text),
    async asks(command) {
      asked += 1;
      // A line that is typed before the shell reads is echoed twice, and the shell may not have set the terminal up.
      await waitFor(/^\$/m, text);
      const [begin, end] = [`begin-${asked}`, `end-${asked}`];
      // Quoted apart, so that the echo of the typed line is not taken for the answer: it may begin a line
      // of its own when the shell was not ready yet, hence the quotes within the words.
      enter(`echo be''gin-${asked}; ${command}; echo e''nd-${asked}`);
      const all = await waitFor(new RegExp(`^${end}$`, "m"), text);
      return (
        all
          .slice(all.search(new RegExp(`^${begin}$`, "m")) + begin.length + 1)
          .split(`\n${end}`)[0] ?? ""
      );
    },
    isAlternate: () => tmux("display-message", "-p", "#{alternate_on}").trim() === "1",
    close: () => void tmux("kill-server"),
    [Symbol.dispose]() {
      tmux("kill-server");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function waitFor(expected: string | RegExp, text: () => string): Promise<string> {
  let last = "";
  const found = () => {
    last = text();
    return typeof expected === "string" ? last.includes(expected) : expected.test(last);
  };
  try {
    await until(String(expected), found, 20_000);
  } catch {
    throw new Error(`the screen never showed ${expected}:\n${last.trimEnd()}`);
  }
  return last;
}
