import { readdirSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createHandler } from "../control/routes.ts";
import { startControlServer } from "../control/server.ts";
import type { Event } from "../core/event.ts";
import { instanceName } from "../core/observed.ts";
import { createClock } from "../host/clock.ts";
import { createHost, type RealHost } from "../host/host.ts";
import type { ProjectPaths } from "../paths.ts";
import { Drift } from "./drift.ts";
import { Edits } from "./edits.ts";
import { drain, untilNothingRuns } from "./ending.ts";
import { EventLog } from "./event-log.ts";
import { happenings } from "./happenings.ts";
import { Owner } from "./owner.ts";
import { ProjectControl } from "./project-control.ts";
import { RunIndexes } from "./run-indexes.ts";
import { runsSoFar } from "./runs.ts";
import { Session } from "./session.ts";
import { StateFile } from "./state.ts";

export interface ProjectSupervisorOptions {
  /** Its folders exist and are ours, and so is its lock. */
  readonly paths: ProjectPaths;
  readonly version: string;
  /** For the log of the supervisor. */
  readonly log: (message: string) => void;
  /** It has ended everything and cleared up after itself. */
  readonly onLeft: () => void;
}

export interface ProjectSupervisor {
  readonly session: Session;
  /** Ends everything in order and leaves; asked a second time, in a hurry. */
  end(why: string): void;
}

/** What a predecessor left running gets this long to end by itself. */
const LEFTOVER_GRACE_MS = 5_000;

/** Puts the real world around the core of one project and lets clients in. */
export async function superviseProject(
  options: ProjectSupervisorOptions,
): Promise<ProjectSupervisor> {
  const { paths, log } = options;
  const onFault = (error: unknown) => log(faultWords(error));
  const events = new EventLog(paths.events, () => new Date());
  const indexes = new RunIndexes(paths.runs);
  const clock = createClock(() => session.core.handle({ kind: "woke" }));
  const emit = (event: Event) => {
    indexes.heard(event);
    session.core.handle(event);
  };
  const host = indexes.follow(createHost({ paths, emit, warn: log }));
  const session: Session = new Session({
    ...{ paths, version: options.version, host, clock, events },
    state: new StateFile(paths.stateFile, onFault),
    onChange(change) {
      // The very first step comes before there is a session, and nothing happens in it.
      if (change.actions.length === 0 && change.before === change.after) return;
      for (const event of happenings(change, session.core.desired, paths.runs)) events.add(event);
    },
    onApplied: () => edits.applied(),
  });
  const drift = new Drift(session);
  const edits = new Edits(session, drift, onFault);
  await endLeftovers(host, events);
  for (const event of runsSoFar(paths.runs)) session.core.handle(event);

  const left = once(async () => {
    events.add({ type: "supervisor", message: "the supervisor leaves: nothing runs any more" });
    edits.close();
    clock.close();
    events.end();
    await server.close();
    await host.close();
    indexes.close();
    session.forget();
    clearRuntime(paths);
    options.onLeft();
  });
  const end = (why: string) => {
    if (session.core.desired.draining) return session.core.handle({ kind: "hurry" });
    events.add({ type: "supervisor", message: `down: ${why}` });
    drain(session, null);
    untilNothingRuns(session).then(left).catch(onFault);
  };
  const owner = new Owner(() => end("the procs up that started it went away"));
  const control = new ProjectControl({
    ...{ session, host, drift, owner },
    onLeave: () => void left().catch(onFault),
  });
  const handler = createHandler(control);
  // One that died left its socket behind; the lock says that nobody else can be listening.
  rmSync(paths.socket, { force: true });
  const server = await startControlServer({ socket: paths.socket, handler, onFault });
  events.add({ type: "supervisor", message: `the supervisor started (pid ${process.pid})` });
  return { session, end };
}

/** Whatever a supervisor that died left running is ended before anything new is started. */
async function endLeftovers(host: RealHost, events: EventLog): Promise<void> {
  const leftovers = host.leftovers();
  if (leftovers.length === 0) return;
  const names = leftovers.map(({ id }) => instanceName(id)).join(", ");
  events.add({
    type: "supervisor",
    message: `ending what an earlier supervisor left running: ${names}`,
  });
  const remaining = await host.killLeftovers(leftovers, LEFTOVER_GRACE_MS);
  if (remaining.length === 0) return;
  const rest = remaining.map(({ id, pids }) => `${instanceName(id)} (${pids.join(", ")})`);
  events.add({ type: "supervisor", message: `could not end ${rest.join(", ")}` });
}

/**
 * The lock goes last, and the folder only when it is empty: from then on a new supervisor may be making
 * itself at home in it.
 */
function clearRuntime(paths: ProjectPaths): void {
  try {
    for (const name of readdirSync(paths.runtime)) {
      const path = join(paths.runtime, name);
      if (path !== paths.lock) rmSync(path, { recursive: true, force: true });
    }
    rmSync(paths.lock, { force: true });
    rmdirSync(paths.runtime);
  } catch {
    // Somebody is already there again.
  }
}

function once(action: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null;
  return () => {
    running ??= action();
    return running;
  };
}

function faultWords(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
