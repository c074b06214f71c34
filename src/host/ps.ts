import { execFileSync } from "node:child_process";
import { basename } from "node:path";
import type { Process } from "./tree.ts";

/** A process as a list has it: a dead one stays listed until its parent has looked. */
export interface Listed extends Process {
  readonly isDead: boolean;
  /** Inside the kernel, where no signal reaches it. */
  readonly isStuck: boolean;
}

/** Without /proc. Sessions are not shown as numbers there, so the group stands in for them. */
export function psProcesses(which: readonly string[]): readonly Listed[] {
  const args = [...which, "-o", "pid=,ppid=,pgid=,stat=,lstart=,comm="];
  try {
    const text = execFileSync("ps", args, { encoding: "utf8", timeout: 5_000 });
    return text.split("\n").flatMap(parsePs);
  } catch {
    return [];
  }
}

/** A date is five words: `Sun Nov 22 04:05:51 2026`. */
const PS_LINE = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+((?:\S+\s+){4}\S+)\s*(.*)$/;

function parsePs(line: string): readonly Listed[] {
  const match = PS_LINE.exec(line);
  if (match === null) return [];
  const [pid = 0, parent = 0, group = 0] = match.slice(1, 4).map(Number);
  const state = match[4]?.[0];
  const name = basename(match[6] ?? "");
  return [
    {
      pid,
      parent,
      group,
      session: group,
      name,
      start: match[5] ?? "",
      isDead: state === "Z",
      isStuck: state === "D" || state === "U",
    },
  ];
}
