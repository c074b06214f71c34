import { rmSync } from "node:fs";
import { createHandler } from "../control/routes.ts";
import type { Event } from "../core/event.ts";
import { createClock } from "../host/clock.ts";
import { createHost } from "../host/host.ts";
import type { ProjectPaths } from "../paths.ts";
import { Doorway } from "./doorway.ts";
import { Drift } from "./drift.ts";
import { Edits } from "./edits.ts";
import { drain, untilNothingRuns } from "./ending.ts";
import { EventLog } from "./event-log.ts";
import { happenings } from "./happenings.ts";
import { Inheritance } from "./inheritance.ts";
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
  const state = new StateFile(paths.stateFile, onFault);
  const inheritance = new Inheritance({ host, events, remembered: state.read() });
  const session: Session = new Session({
    ...{ paths, version: options.version, host, clock, events, state },
    onChange(change) {
      // The very first step comes before there is a session, and nothing happens in it.
      if (change.actions.length === 0 && change.before === change.after) return;
      for (const event of happenings(change, session.core.desired, paths.runs)) events.add(event);
    },
    onApplied: () => edits.applied(),
  });
  const drift = new Drift(session);
  const edits = new Edits(session, drift, onFault);
  for (const event of runsSoFar(paths.runs)) session.core.handle(event);

  const left = once(async () => {
    events.add({ type: "supervisor", message: "the supervisor leaves: nothing runs any more" });
    edits.close();
    clock.close();
    events.end();
    await door.close();
    await host.close();
    indexes.close();
    session.forget();
    clearRuntime(paths);
    options.onLeft();
  });
  const end = (why: string) => {
    if (session.core.desired.draining) {
      inheritance.hurry();
      return session.core.handle({ kind: "hurry" });
    }
    events.add({ type: "supervisor", message: `down: ${why}` });
    drain(session, null);
    Promise.allSettled([inheritance.end(), untilNothingRuns(session)])
      .then(left)
      .catch(onFault);
  };
  const owner = new Owner(() => end("the procs up that started it went away"));
  const control = new ProjectControl({
    ...{ session, host, drift, owner },
    onLeave: () => void left().catch(onFault),
  });
  const handler = inheritance.guard(createHandler(control));
  const door = new Doorway({ paths, handler, onFault, log });
  await door.open();
  events.add({ type: "supervisor", message: `the supervisor started (pid ${process.pid})` });
  inheritance.end().catch(onFault);
  return { session, end };
}

/** The lock goes last: from then on a new supervisor may be making itself at home. */
function clearRuntime(paths: ProjectPaths): void {
  try {
    rmSync(paths.runtime, { recursive: true, force: true });
  } catch {
    // Somebody is making himself at home already, or the folder is not ours any more.
  }
  rmSync(paths.lock, { force: true });
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
