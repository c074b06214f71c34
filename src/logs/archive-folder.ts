import { basename, dirname } from "node:path";
import { archivesOf, NO_ARCHIVES, type StreamArchives } from "./archives.ts";
import { namesIn } from "./names-in.ts";
import { statOrNull } from "./plain-file.ts";

/** File systems keep times this coarsely: a folder that changed just before it was listed may have changed unseen since. */
const FOLDER_TIME_MS = 50;
/** Folders whose lists are kept: merging the runs of many services goes back and forth between them. */
const FOLDERS_MAX = 256;

interface Listing {
  readonly changedMs: number;
  readonly listedMs: number;
  readonly streams: ReadonlyMap<string, StreamArchives>;
}

const listings = new Map<string, Listing>();

/**
 * The archives of a stream, listed again only when its folder changed. May miss a change of the last
 * moment: `currentArchives` does not. A folder that has thousands of runs is listed once for all of them.
 */
export function knownArchives(live: string): StreamArchives {
  return find(live, 0);
}

/** The archives of a stream as they are now. */
export function currentArchives(live: string): StreamArchives {
  return find(live, FOLDER_TIME_MS);
}

function find(live: string, settleMs: number): StreamArchives {
  const folder = dirname(live);
  const changedMs = statOrNull(folder)?.mtimeMs ?? 0;
  const known = listings.get(folder);
  const isRight = known?.changedMs === changedMs && changedMs + settleMs <= known.listedMs;
  const listing = isRight ? known : list(folder, changedMs);
  return listing.streams.get(basename(live)) ?? NO_ARCHIVES;
}

function list(folder: string, changedMs: number): Listing {
  const listedMs = Date.now();
  const names = new Map<string, string[]>();
  for (const name of namesIn(folder)) {
    const at = name.indexOf("@");
    if (at === -1) continue;
    const stream = name.slice(0, at);
    const others = names.get(stream);
    if (others === undefined) names.set(stream, [name]);
    else others.push(name);
  }
  const streams = new Map([...names].map(([stream, own]) => [stream, archivesOf(folder, own)]));
  const listing = { changedMs, listedMs, streams };
  listings.delete(folder);
  listings.set(folder, listing);
  for (const oldest of listings.keys()) {
    if (listings.size <= FOLDERS_MAX) break;
    listings.delete(oldest);
  }
  return listing;
}
