import { existsSync, type FSWatcher, watch } from "node:fs";
import { dirname } from "node:path";

/** Where nothing tells of changes: how often the path is looked for. */
const POLL_MS = 1_000;

/** Calls `onThere` once, later, when the path exists; asleep until something happens in the folders above it. */
export function awaitPath(path: string, onThere: () => void): { close(): void } {
  let watcher: FSWatcher | null = null;
  let timer: NodeJS.Timeout | null = null;
  let isOver = false;
  const rest = (): void => {
    watcher?.close();
    watcher = null;
    if (timer !== null) clearTimeout(timer);
    timer = null;
  };
  const look = (): void => {
    if (isOver) return;
    // Anew each time: the folder that was watched may have been replaced by another of its name.
    rest();
    try {
      watcher = watch(existingAbove(path), { persistent: false }, look);
      watcher.on("error", look);
    } catch {
      timer = setTimeout(look, POLL_MS);
      timer.unref();
    }
    if (!existsSync(path)) return;
    isOver = true;
    rest();
    onThere();
  };
  setImmediate(look);
  return {
    close: () => {
      isOver = true;
      rest();
    },
  };
}

function existingAbove(path: string): string {
  const above = dirname(path);
  return above === path || existsSync(above) ? above : existingAbove(above);
}
