import { readFileSync } from "node:fs";
import { isatty } from "node:tty";

/** Lines that a person types at the terminal while `up` is attached. */
export interface LineInput {
  /** Leaves the terminal to another program for a while. */
  pause(): void;
  resume(): void;
  close(): void;
}

/** A typed line at most; more without Enter is not a command. */
const LINE_LENGTH_MAX = 4096;

/**
 * Reads lines from the terminal, which stays in its normal mode: it echoes, edits and turns Ctrl-C and
 * Ctrl-Z into signals by itself. Without a terminal nothing is read, so that an end of stdin ends nothing.
 * `onEnd`: Ctrl-D on an empty line.
 */
export function readLines(onLine: (line: string) => void, onEnd: () => void = () => {}): LineInput {
  if (!isatty(0)) return { pause: () => {}, resume: () => {}, close: () => {} };
  let held = "";
  let isPaused = false;
  const onData = (text: string) => {
    const parts = (held + text).split("\n");
    held = (parts.pop() ?? "").slice(0, LINE_LENGTH_MAX);
    for (const line of parts) onLine(line);
  };
  // A program in the background that reads from the terminal is stopped by the kernel.
  const look = () => {
    if (isPaused || !isForeground()) process.stdin.pause();
    else process.stdin.resume();
  };
  const ignore = () => {};
  process.stdin.setEncoding("utf8");
  process.stdin.on("data", onData);
  process.stdin.on("end", onEnd);
  // The terminal is gone: SIGHUP says so too, and decides.
  process.stdin.on("error", ignore);
  process.on("SIGCONT", look);
  look();
  return {
    pause: () => {
      isPaused = true;
      look();
    },
    resume: () => {
      isPaused = false;
      look();
    },
    close: () => {
      process.off("SIGCONT", look);
      process.stdin.off("data", onData);
      process.stdin.off("end", onEnd);
      process.stdin.pause();
    },
  };
}

/** Whether this process group has the terminal now; where that cannot be seen, yes. */
function isForeground(): boolean {
  try {
    return hasTerminal(readFileSync("/proc/self/stat", "latin1"));
  } catch {
    return true;
  }
}

/** Reads `/proc/self/stat`: field 5 is the process group, field 8 the group that has the terminal. */
export function hasTerminal(stat: string): boolean {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[2] === fields[5];
}
