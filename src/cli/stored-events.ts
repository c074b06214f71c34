import { readFileSync } from "node:fs";
import type { EventItem } from "../control/protocol.ts";
import type { ProjectPaths } from "../paths.ts";

/** What the last supervisor wrote down, oldest first: for when none runs. */
export function storedEvents(paths: ProjectPaths): readonly EventItem[] {
  return [`${paths.events}.1`, paths.events].flatMap(eventsIn);
}

function eventsIn(file: string): readonly EventItem[] {
  return textOf(file)
    .split("\n")
    .flatMap((line): EventItem[] => {
      try {
        // The file is in a folder that only this user can write, and its lines are those of the protocol.
        const event = JSON.parse(line) as EventItem;
        return typeof event.seq === "number" ? [event] : [];
      } catch {
        return [];
      }
    });
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
