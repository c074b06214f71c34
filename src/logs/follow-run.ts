import { basename } from "node:path";
import { stripControls } from "./clean.ts";
import { entryText } from "./entry.ts";
import { FolderWatch } from "./folder-watch.ts";
import type { RunFiles, Stream } from "./layout.ts";
import { Tail } from "./tail.ts";

const POLL_MS = 10;
/** Read at a stretch: whoever follows has other things to do. */
const SLICE_MS = 5;

/**
 * Calls `onLine` with every line of one run, from its first byte, also of what was written before. Text
 * without colours and controls, as a pattern wants it. An unfinished line is given as it stands at once
 * and again when it is whole: a program that prints `ready` without a newline is ready. A line longer
 * than 64 kB comes in pieces. Never calls before it has returned, nor after `close`.
 */
export function followRun(
  files: RunFiles,
  onLine: (line: string, stream: Stream) => void,
): { close(): void } {
  const owner = { service: "", slot: 0, run: 0, files };
  const tails = [
    new Tail({ owner, stream: "stdout", path: files.out, indexPath: files.outIndex }, 0),
    new Tail({ owner, stream: "stderr", path: files.err, indexPath: files.errIndex }, 0),
  ];
  let isClosed = false;
  let isBehind = false;
  const look = (name: string | null): boolean => {
    const endsAt = performance.now() + SLICE_MS;
    let news = false;
    for (const tail of tails) {
      if (name !== null && basename(tail.source.path) !== name) continue;
      while (!isClosed && tail.hasMore && performance.now() < endsAt) {
        news = true;
        readTurn(tail, (line) => {
          if (!isClosed) onLine(line, tail.source.stream);
        });
      }
    }
    if (performance.now() >= endsAt) goOnSoon();
    return news;
  };
  // A program may print faster than its lines can be looked at: other work comes in between.
  const goOnSoon = () => {
    if (isBehind || isClosed) return;
    isBehind = true;
    setImmediate(() => {
      isBehind = false;
      look(null);
    });
  };
  const watch = new FolderWatch(files.folder, { look, pollMs: POLL_MS });
  goOnSoon();
  return {
    close() {
      isClosed = true;
      watch.close();
      for (const tail of tails) tail.close();
    },
  };
}

function readTurn(tail: Tail, give: (line: string) => void): void {
  for (const entry of tail.read()) {
    if (entry.dropped === undefined) give(stripControls(entryText(entry)));
  }
  const rest = tail.peek();
  if (rest !== null) give(stripControls(rest.toString("utf8")));
}
