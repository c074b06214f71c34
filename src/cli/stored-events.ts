import { readEvents } from "../control/event-lines.ts";
import type { EventItem } from "../control/protocol.ts";
import type { ProjectPaths } from "../paths.ts";

/** What the last supervisor wrote down, oldest first: for when none runs. */
export function storedEvents(paths: ProjectPaths): readonly EventItem[] {
  return [`${paths.events}.1`, paths.events].flatMap((path) => readEvents(path));
}
