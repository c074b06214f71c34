import { rmSync } from "node:fs";
import { createHandler } from "../control/routes.ts";
import type { Event } from "../core/event.ts";
import { sameId } from "../core/observed.ts";
import { bootId } from "../host/boot.ts";
import { createClock } from "../host/clock.ts";
import { createHost, type HostOptions, type RealHost } from "../host/host.ts";
import { keepKey } from "../host/kept-key.ts";
import type { Leftover, StopFacts } from "../host/leftovers.ts";
import { removeOwn } from "../host/own-files.ts";
import type { ProjectPaths } from "../paths.ts";
import { Departure } from "./departure.ts";
import { Doorway } from "./doorway.ts";
import { Drift } from "./drift.ts";
import { Edits } from "./edits.ts";
import { EventLog } from "./event-log.ts";
import { guardControl } from "./guarded-control.ts";
import { chargeFile } from "./guardian-charge.ts";
import { happenings } from "./happenings.ts";
import { Inheritance } from "./inheritance.ts";
import { unmarkFolder } from "./moved.ts";
import { Owner } from "./owner.ts";
import { type Guardian, ProjectControl } from "./project-control.ts";
import { Proxies } from "./proxies.ts";
import { RunIndexes } from "./run-indexes.ts";
import { Session } from "./session.ts";
import { type Legacy, StateFile } from "./state.ts";
import type { Recorded } from "./state-format.ts";
import { Storage } from "./storage.ts";
import { adoptAll, beginning, claimStrays, numbered, planTakeover } from "./takeover.ts";

export interface ProjectSupervisorOptions {
  /** Its folders exist and are ours, and so is its lock. */
  readonly paths: ProjectPaths;
  readonly version: string;
  /** Seals what is secret in the state file; held by nobody but guardian, supervisor and shims. */
  readonly key: string;
  /** For the log of the supervisor. */
  readonly log: (message: string) => void;
  readonly guardian?: Guardian;
  /** The sockets of the supervisor before this one, and who holds them for the next one. */
  readonly sockets?: NonNullable<HostOptions["sockets"]>;
  /** It has ended everything and cleared up after itself. */
  readonly onLeft: () => void;
}

export interface ProjectSupervisor {
  readonly session: Session;
  /** Ends everything in order and leaves; asked a second time, in a hurry. */
  end(why: string): void;
}

/** Puts the real world around the core of one project, goes on where the supervisor before it died, and lets clients in. */
export async function superviseProject(
  options: ProjectSupervisorOptions,
): Promise<ProjectSupervisor> {
  const { paths, log, key, version } = options;
  const onFault = (error: unknown) => log(faultWords(error));
  const events = new EventLog(paths.events, () => new Date());
  const clock = createClock(() => session.core.handle({ kind: "woke" }));
  const storage = new Storage({ paths, events, onFault });
  const indexes = new RunIndexes({ runs: paths.runs, room: storage, log });
  const emit = (event: Event) => {
    indexes.heard(event);
    session.core.handle(event);
    storage.heard(event);
  };
  const proxies = new Proxies(paths, () => session.core);
  const host = indexes.follow(hostOf(options, { emit, storage, proxies }));
  const state = new StateFile({
    ...{ path: paths.stateFile, version, boot: bootId(), key },
    onFault: (error) => storage.stateFailed(error),
  });
  const start = startingPoint(told(state.read(), log), host, paths, clock.now());
  const session: Session = new Session({
    ...{ paths, version, host, addresses: host, clock, events, state, from: start.from },
    onChange(change) {
      proxies.look();
      // The very first step comes before there is a session, and nothing happens in it.
      if (change.actions.length === 0 && change.before === change.after) return;
      for (const event of happenings(change, session.core.desired, paths.runs)) events.add(event);
    },
    onApplied() {
      dropUnclaimed(session, host);
      edits.applied();
      storage.look();
    },
  });
  storage.serve(session);
  const drift = new Drift(session);
  const edits = new Edits(session, drift, onFault);

  const departure = new Departure({
    ...{ session, inheritance: () => inheritance, events, onFault },
    async close() {
      edits.close();
      clock.close();
      events.end();
      await door.close();
      await host.close();
      indexes.close();
      session.forget();
      storage.close(true);
      await clearAway(options);
    },
  });
  const owner = new Owner({
    onLost: () => departure.end("the procs up that started it went away"),
    onChange: (isOwned) => {
      session.owned = isOwned;
    },
  });
  const inheritance = new Inheritance({
    ...{ host, events, leftovers: start.foreign, services: start.services },
    mayBeClaimed: start.isLost,
    claim: (request) => claimStrays(session, request, host.strays([])),
    onOver() {
      adoptAll(session.core.observed, host);
      session.resume();
      if (!start.isLost) dropUnclaimed(session, host);
      storage.look();
      edits.resumed();
      if (session.owned) owner.expect();
      if (session.core.desired.draining) departure.leaveWhenDrained();
    },
  });
  const control = new ProjectControl({
    ...{ session, host, drift, owner, proxies, guardian: options.guardian ?? null },
    clearLogs: (targets) => storage.clear(targets, (id) => indexes.clear(id)),
    onLeave: () => departure.leave(),
  });
  const handler = createHandler(guardControl(control, inheritance));
  const door = new Doorway({ paths, handler, onFault, log });
  await door.open();
  events.add({ type: "supervisor", message: startWords(start) });
  inheritance.begin().catch(onFault);
  departure.leaveWhenUnused();
  return { session, end: (why) => departure.end(why) };
}

/** What the host speaks to. */
interface Inward {
  readonly emit: (event: Event) => void;
  readonly storage: Storage;
  readonly proxies: Proxies;
}

function hostOf(options: ProjectSupervisorOptions, { emit, storage, proxies }: Inward): RealHost {
  const { paths, key, log, sockets } = options;
  keepKey(paths, key);
  return createHost({
    drain: (id, spec, signal) => proxies.drain(id, spec, signal),
    ...{ paths, key, emit, warn: log, onFull: (error) => storage.disk.full(error) },
    ...(sockets === undefined ? {} : { sockets }),
  });
}

/**
 * Once all is asked for that the first plan wants, and the outbox is empty: what nobody asked for is nobody's. With the
 * record lost, that is when the file was applied again.
 */
function dropUnclaimed(session: Session, host: RealHost): void {
  const isSettled = () => (session.core.isTakingOver ? null : true);
  void session
    .until(isSettled, Number.POSITIVE_INFINITY)
    .then(() => setImmediate(() => host.dropUnclaimed()));
}

/** What a supervisor starts from: the record of the one before it, where there is one that can be used. */
interface StartingPoint {
  readonly from: Recorded;
  readonly foreign: readonly Leftover[];
  readonly services: ReadonlyMap<string, StopFacts>;
  /** There is no record that can be used. */
  readonly isLost: boolean;
  /** Instances that live and are taken over. */
  readonly adopted: number;
}

function startingPoint(
  legacy: Legacy,
  host: RealHost,
  paths: ProjectPaths,
  now: number,
): StartingPoint {
  const { recorded, remembered } = legacy;
  const services = remembered?.services ?? new Map();
  // Looking also clears away the fifos that nobody holds.
  const leftovers = host.leftovers();
  if (recorded === null) {
    const from = numbered(beginning(remembered), paths.runs, now);
    return { from, foreign: leftovers, services, isLost: true, adopted: 0 };
  }
  const { from, foreign } = planTakeover(recorded, host, now);
  return {
    from: numbered(from, paths.runs, now),
    foreign: leftovers.filter(({ id }) => foreign.some((one) => sameId(one.id, id))),
    ...{ services, isLost: false },
    adopted: leftovers.length,
  };
}

function told(legacy: Legacy, log: (message: string) => void): Legacy {
  for (const note of legacy.notes) log(note);
  return legacy;
}

function startWords({ adopted }: StartingPoint): string {
  const who = `the supervisor started (pid ${process.pid})`;
  if (adopted === 0) return who;
  const what = adopted === 1 ? "1 instance goes" : `${adopted} instances go`;
  return `${who} where the one before it had ended: ${what} on`;
}

/** The lock goes last: from then on a new supervisor may be making itself at home. */
async function clearAway(options: ProjectSupervisorOptions): Promise<void> {
  const { paths, guardian, onLeft } = options;
  // Who waits for us to leave finds every port free.
  await guardian?.leave();
  try {
    rmSync(paths.runtime, { recursive: true, force: true });
  } catch {
    // Somebody is making himself at home already, or the folder is not ours any more.
  }
  unmarkFolder(paths);
  removeOwn(chargeFile(paths));
  removeOwn(paths.lock);
  onLeft();
}

function faultWords(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
