import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Event } from "../core/event.ts";

/** Where the numbers of runs go on, read off the folders that earlier supervisors left. */
export function runsSoFar(runs: string): readonly Event[] {
  return names(runs).flatMap((folder) => {
    const parts = /^(.+)\.(\d+)$/.exec(folder);
    if (parts?.[1] === undefined) return [];
    const numbers = names(join(runs, folder)).map((file) => Number.parseInt(file, 10));
    const last = Math.max(0, ...numbers.filter((number) => Number.isSafeInteger(number)));
    if (last === 0) return [];
    return [{ kind: "runs", service: parts[1], slot: Number(parts[2]), next: last + 1 }];
  });
}

function names(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
