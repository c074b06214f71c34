import type { Draft } from "./draft.ts";
import { idOf, isLive } from "./observed.ts";
import type { Scene } from "./scene.ts";
import { stopIt } from "./tend.ts";

/** This many restarts by watch within the window mean that the service causes them itself. */
const LOOP_MAX = 5;
const LOOP_WINDOW_MS = 10_000;
/** A scheduled time that is later than this was missed: the machine slept, or procs was away. */
const MISSED_MS = 60_000;

/** File changes that have come to rest: one effect a batch, whatever the number of files. */
export function followWatch(draft: Draft, scene: Scene): void {
  const { service, name, now, target } = scene;
  const { change, watched } = service;
  const watch = target.spec.watch;
  if (change === null || watch === null || watched.running) return;
  if (now < change.quietAt) {
    draft.wake(change.quietAt);
    return;
  }
  const paths = change.paths;
  const more = change.count > paths.length ? ` and ${change.count - paths.length} more` : "";
  const reason = change.ran ? "its watch command succeeded" : `${paths.join(", ")}${more} changed`;
  const recent = watched.times.filter((at) => now - at <= LOOP_WINDOW_MS).length;
  if (recent >= LOOP_MAX && !change.ran) {
    draft.do({ kind: "watched", service: name, paths, effect: { kind: "pause" }, reason });
    return;
  }
  const { action } = watch;
  if (action.kind === "run" && !change.ran) {
    const effect = { kind: "run", command: action.command, spec: target.spec } as const;
    draft.do({ kind: "watched", service: name, paths, effect, reason });
    return;
  }
  if (action.kind === "signal") {
    const up = service.instances.filter(
      (i) => i.phase.kind === "ready" || i.phase.kind === "running",
    );
    const effect = { kind: "signal", signal: action.signal, ids: up.map(idOf) } as const;
    draft.do({ kind: "watched", service: name, paths, effect, reason });
    return;
  }
  draft.do({ kind: "watched", service: name, paths, effect: { kind: "restart" }, reason });
}

/** Asks when the schedule is next due, and acts when it is. */
export function followSchedule(draft: Draft, scene: Scene): void {
  const { service, name, now, target } = scene;
  const { schedule, kind } = target.spec;
  if (schedule === null) return;
  if (service.due === null) {
    draft.do({
      kind: "schedule",
      service: name,
      spec: target.spec,
      reason: `schedule ${schedule.cron}`,
    });
    return;
  }
  const { at } = service.due;
  if (at === null) return;
  if (now < at) {
    draft.wait({ service: name, slot: null, for: "schedule", detail: "next run", until: at });
    return;
  }
  const missed = now - at > MISSED_MS && schedule.missed === "skip";
  const running = kind === "task" && service.instances.some(isLive);
  if (missed || (running && schedule.overlap === "skip")) {
    const reason = missed ? "the time was missed" : "the last run is still going";
    draft.do({ kind: "due", service: name, effect: "skip", reason });
    return;
  }
  draft.do({
    kind: "due",
    service: name,
    effect: kind === "task" ? "run" : "restart",
    reason: "its time has come",
  });
}

/** `overlap: replace`: the run that is still going makes room for the one that is due. */
export function makeRoomForDue(draft: Draft, scene: Scene): void {
  const { service, target } = scene;
  if (!service.pending || target.spec.kind !== "task") return;
  for (const instance of service.instances) {
    if (!isLive(instance)) {
      draft.do({ kind: "forget", id: idOf(instance), reason: "runs again" });
    } else if (instance.phase.kind !== "stopping" && instance.phase.kind !== "ending") {
      stopIt(draft, instance, { reason: "the next run is due", asked: true });
    }
  }
}
