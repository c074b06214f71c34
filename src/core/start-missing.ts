import { nextFailures, standing } from "./backoff.ts";
import type { Draft } from "./draft.ts";
import { exitWords } from "./exit.ts";
import { whoHasPort } from "./fixed-port.ts";
import { type Instance, instanceName, isLive } from "./observed.ts";
import { upstreamEpochs } from "./revision.ts";
import type { Scene } from "./scene.ts";
import { missingSlots, type Stage } from "./stage.ts";

/** Starts what is missing, as far as there is room. */
export function startMissing(draft: Draft, stage: Stage): void {
  const { scene, current, old, stopped, surge } = stage;
  const { count, name, now } = scene;
  const active = current.length + old.length - stopped.size;
  let room = count + surge - active;
  for (const slot of missingSlots(stage)) {
    const before = scene.service.instances.find(
      (i) => i.slot === slot && !isLive(i) && standing(i).kind === "backoff",
    );
    const until = before === undefined ? null : standing(before);
    if (until?.kind === "backoff" && now < until.until) {
      draft.wait({ service: name, slot, for: "backoff", detail: "retries", until: until.until });
      continue;
    }
    const taken = whoHasPort(draft, scene, slot);
    if (taken !== null || room <= 0) {
      const detail = taken ?? "an older instance stops first";
      draft.wait({ service: name, slot, for: "room", detail });
      continue;
    }
    room--;
    startSlot(draft, scene, slot, before);
  }
}

function startSlot(draft: Draft, scene: Scene, slot: number, before: Instance | undefined): void {
  const { name, target, observed } = scene;
  const run = observed.nextRun[instanceName({ service: name, slot })] ?? 1;
  draft.do({
    kind: "start",
    id: { service: name, slot, run },
    spec: target.spec,
    generation: target.generation,
    upstream: upstreamEpochs(target.spec, observed),
    failures: before === undefined ? 0 : nextFailures(before),
    exits: before?.exits ?? [],
    reason: startReason(scene, slot, before),
  });
}

function startReason({ service }: Scene, slot: number, before: Instance | undefined): string {
  if (before?.phase.kind === "ended") return `tried again: ${exitWords(before.phase.exit)}`;
  const isReplaced = service.instances.some((i) => i.slot === slot && isLive(i));
  return isReplaced ? "new version" : "missing";
}
