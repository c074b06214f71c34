import type { LogTarget } from "../logs/catalogue.ts";
import { followLogs } from "../logs/follow.ts";
import { openHistory, type Positions } from "../logs/history.ts";
import type { Screen } from "./attached-screen.ts";

/** The output that an attached `up` shows. */
export interface AttachedLogs {
  readonly runs: string;
  /** null: of all, also of services that are added later. */
  readonly targets: readonly LogTarget[] | null;
  /** Lines of the past to begin with. */
  readonly tail: number;
  readonly screen: Screen;
  readonly signal: AbortSignal;
}

/** Shows the last lines of before, if asked for, and gives the place to go on from. */
export async function showTail(logs: AttachedLogs): Promise<Positions> {
  const history = openHistory({
    runs: logs.runs,
    targets: logs.targets,
    choice: { kind: "all" },
    stream: null,
    sinceMs: null,
    untilMs: null,
    last: logs.tail,
    filter: null,
    isFollowed: true,
  });
  if (logs.tail > 0) for await (const batch of history.batches) await logs.screen.lines(batch);
  return history.positions;
}

/** Shows what is written from `positions` on, until the signal aborts. */
export async function followOn(logs: AttachedLogs, positions: Positions): Promise<void> {
  await followLogs({
    runs: logs.runs,
    targets: logs.targets,
    stream: null,
    run: null,
    from: positions,
    filter: null,
    onLines: (entries) => logs.screen.lines(entries),
    signal: logs.signal,
    lastWords: true,
  });
}

const LAST_WORDS_MS = 2_000;

/** Lets what follows come to its end; not for long, since whoever reads it may have stopped reading. */
export async function lastWords(following: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, LAST_WORDS_MS);
  });
  await Promise.race([following, late]);
  clearTimeout(timer);
}
