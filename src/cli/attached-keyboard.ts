import { spawn } from "node:child_process";
import { UserError } from "../errors.ts";
import { readLines } from "./attached-input.ts";
import type { Screen } from "./attached-screen.ts";
import type { Context } from "./context.ts";
import { type Selectable, select } from "./select.ts";
import { readShortcut, type Shortcut, shortcutHelp } from "./shortcuts.ts";

export interface KeyboardSettings {
  readonly screen: Screen;
  /** A line came from the terminal, which has echoed it. */
  readonly onTyped: () => void;
  readonly say: (text: string) => void;
  readonly services: readonly Selectable[];
  readonly onQuit: () => void;
  readonly onDetach: () => void;
}

export interface Keyboard {
  /** A typed command runs and has the terminal. */
  readonly isBusy: boolean;
  /** Resolves when no typed command runs. */
  idle(): Promise<void>;
  close(): void;
}

/** Acts on the lines that are typed while `up` is attached. */
export function openKeyboard(context: Context, settings: KeyboardSettings): Keyboard {
  const { screen } = settings;
  let busy = false;
  let running = Promise.resolve();
  const input = readLines((line) => {
    settings.onTyped();
    obey(readShortcut(line));
  });
  const say = (lines: readonly string[]) => {
    settings.say(lines.map((line) => `${line}\n`).join(""));
  };
  const runCommand = async (argv: readonly string[]) => {
    busy = true;
    input.pause();
    screen.hold();
    await runProcs(context, argv);
    screen.release();
    input.resume();
    busy = false;
  };
  const obey = (shortcut: Shortcut) => {
    switch (shortcut.kind) {
      case "gap":
        if (!screen.isGrepping) return;
        screen.grep(null);
        return say(["all lines again"]);
      case "help":
        return say(shortcutHelp());
      case "detach":
        return settings.onDetach();
      case "quit":
        return settings.onQuit();
      case "only":
        return say([showOnly(screen, shortcut.words, settings.services)]);
      case "grep":
        screen.grep(shortcut.text === "" ? null : shortcut.text);
        return say([grepWords(shortcut.text)]);
      case "command":
        // One at a time: two would share the terminal.
        if (busy) return say(["the last command still runs"]);
        running = runCommand(shortcut.argv);
        return;
      case "unclear":
        return say([shortcut.message]);
    }
  };
  return {
    get isBusy() {
      return busy;
    },
    idle: () => running,
    close: () => input.close(),
  };
}

function grepWords(text: string): string {
  return text === "" ? "all lines again" : `grep from now: ${text}. Empty line ends it`;
}

function showOnly(
  screen: Screen,
  words: readonly string[],
  services: readonly Selectable[],
): string {
  if (words.length === 0) {
    screen.only(null);
    return "logs of all";
  }
  try {
    const { targets } = select(words, services);
    screen.only(targets.map(({ service, instance }) => ({ service, slot: instance })));
    return `only logs of ${words.join(", ")}. l all shows all again`;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const help = error.diagnostics[0]?.help?.[0];
    return help === undefined ? error.message : `${error.message}; ${help}`;
  }
}

/** The same program, with the terminal: a command that asks, colours or fails does so as in a shell. */
function runProcs(context: Context, argv: readonly string[]): Promise<void> {
  const program = process.argv[1] ?? "";
  const files = context.globals.files.flatMap((file) => ["-f", file]);
  const project = context.globals.project === null ? [] : ["-p", context.globals.project];
  const words = [...process.execArgv, program, ...files, ...project, ...argv];
  return new Promise((resolve) => {
    const child = spawn(process.execPath, words, { cwd: context.cwd, stdio: "inherit" });
    child.once("error", (error) => {
      context.err.line(error.message);
      resolve();
    });
    child.once("close", () => resolve());
  });
}
