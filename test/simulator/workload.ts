import {
  type Desired,
  intentOf,
  NOTHING,
  withIntent,
  withRestart,
} from "../../src/core/desired.ts";
import type { Event } from "../../src/core/event.ts";
import type { ServiceSpec } from "../../src/core/spec.ts";
import * as edits from "./edits.ts";
import { type Deed, deed, NAMES, SERVICES_MAX, toServices } from "./edits.ts";
import type { Random } from "./random.ts";
import * as draw from "./specs.ts";

/** The first procs.yaml of a world. */
export function drawDesired(random: Random): Desired {
  const count = random.int(1, SERVICES_MAX);
  const names = random.shuffle(NAMES.slice(0, count));
  const specs = names.map((name, index) => draw.drawSpec(name, names.slice(0, index), random));
  const profiles = new Set(random.chance(0.5) ? ["dev"] : []);
  return { ...NOTHING, services: toServices(random.shuffle(specs)), profiles };
}

/** The next thing that happens, drawn from what is desired now. */
export function drawDeed(desired: Desired, random: Random): Deed {
  const names = [...desired.services.keys()];
  if (names.length === 0 || desired.draining) return begin(desired, random);
  const name = random.pick(names);
  return random.pick(DEEDS)(desired, name, random);
}

/** An edit of the file in which every version is a good one. */
export function drawEdit(desired: Desired, random: Random): Deed {
  const names = [...desired.services.keys()];
  const kinds = [
    edits.editProcess,
    edits.editLive,
    edits.editTopology,
    edits.editSeveral,
    edits.add,
  ];
  const drawn = random.pick(kinds)(desired, random.pick(names), random);
  const specs = [...drawn.desired.services.values()].map((spec) => ({
    ...spec,
    command: goodCommand(spec),
    schedule: null,
    was: null,
  }));
  return { ...drawn, desired: { ...drawn.desired, services: toServices(specs) } };
}

function goodCommand({ name, command }: ServiceSpec): readonly string[] {
  return typeof command !== "string" && command.at(-1) === "good"
    ? command
    : [name, "fixed", "good"];
}

type DrawDeed = (desired: Desired, name: string, random: Random) => Deed;

/** Repeated entries are more likely. */
const DEEDS: readonly DrawDeed[] = [
  edits.editProcess,
  edits.editProcess,
  edits.editProcess,
  edits.editLive,
  edits.editLive,
  edits.editCosmetic,
  edits.editTopology,
  edits.editTopology,
  edits.editSeveral,
  edits.editKind,
  edits.add,
  edits.remove,
  edits.rename,
  scale,
  scale,
  stop,
  start,
  start,
  restart,
  restart,
  change,
  select,
  edits.fix,
  disturb,
  down,
];

/** Every bad version is replaced by a good one: what a liveness phase may begin with. */
export function repaired(desired: Desired, random: Random): Desired {
  const specs = [...desired.services.values()].map((spec) => ({
    ...spec,
    command: [spec.name, `fixed${random.int(1, 99)}`, "good"],
  }));
  return { ...desired, services: toServices(specs) };
}

/** The same wishes written differently: other keys first, other objects, another description. */
export function rewritten(desired: Desired, random: Random): Desired {
  const specs = [...desired.services.values()].map((spec): ServiceSpec => {
    const entries = random.shuffle(Object.entries(spec));
    // The entries of a spec, in another order, are a spec.
    return structuredClone(Object.fromEntries(entries)) as unknown as ServiceSpec;
  });
  return { ...desired, services: toServices(specs) };
}

function scale(desired: Desired, name: string, random: Random): Deed {
  const to = random.chance(0.2) ? null : random.int(0, 4);
  return deed(`scale ${name} ${to}`, withIntent(desired, name, { scale: to }), [name]);
}

function stop(desired: Desired, name: string): Deed {
  return deed(`stop ${name}`, withIntent(desired, name, { stopped: true }), [name]);
}

function start(desired: Desired, name: string, random: Random): Deed {
  const stopped = [...desired.services.keys()].filter((n) => intentOf(desired, n).stopped);
  const chosen = stopped.length > 0 ? random.pick(stopped) : name;
  const next = withIntent(desired, chosen, { stopped: false, using: null });
  return {
    ...deed(`start ${chosen}`, next, [chosen]),
    events: [{ kind: "reset", service: chosen }],
  };
}

function restart(desired: Desired, name: string, random: Random): Deed {
  const next = withRestart(desired, name, "restart asked", random.chance(0.5));
  return { ...deed(`restart ${name}`, next, [name]), events: [{ kind: "reset", service: name }] };
}

function select(desired: Desired, name: string, random: Random): Deed {
  const closed = new Set([name]);
  for (const on of closed) for (const needs of needsOf(desired, on)) closed.add(needs);
  const selected = desired.selected === null || random.chance(0.3) ? closed : null;
  const words = selected === null ? "select all" : `select ${[...selected].join(" ")}`;
  const profiles = random.chance(0.3) ? new Set([random.pick(["dev", "test"])]) : desired.profiles;
  return deed(words, { ...desired, selected, profiles }, [...desired.services.keys()]);
}

function needsOf(desired: Desired, name: string): string[] {
  return Object.keys(desired.services.get(name)?.depends_on ?? {});
}

/** A burst from an editor: coalesced, and some of it twice. */
function change(desired: Desired, name: string, random: Random): Deed {
  const watched = [...desired.services.values()].filter((spec) => spec.watch !== null);
  const service = watched.length > 0 ? random.pick(watched).name : name;
  const events = Array.from({ length: random.int(1, 4) }, (): Event => {
    return { kind: "changed", service, path: random.pick(["src/app.js", "src/b.js", "src/c.js"]) };
  });
  return { ...deed(`files of ${service} change`, desired, [service]), events };
}

/** Events that mean nothing: the alarm for no reason, runs that never were. */
function disturb(desired: Desired, name: string, random: Random): Deed {
  const id = { service: random.pick([name, "nobody"]), slot: random.int(1, 9), run: 9_999 };
  const events: Event[] = random.pick<Event[]>([
    [{ kind: "woke" }],
    [{ kind: "gone", id }],
    [{ kind: "exited", id, exit: { kind: "code", code: 1 } }],
    [{ kind: "started", id, pid: 100, port: null }],
    [{ kind: "probed", id, probe: "ready", ok: true, detail: "" }],
    [{ kind: "changed", service: "nobody", path: "x" }],
    [{ kind: "scheduled", service: "nobody", at: 5 }],
  ]);
  return { ...deed(`disturb ${events[0]?.kind}`, desired, []), events, class: "cosmetic" };
}

function down(desired: Desired, _name: string, random: Random): Deed {
  if (random.chance(0.5)) return deed("hurry", desired, [], [{ kind: "hurry" }]);
  const grace = random.chance(0.3) ? 500 : null;
  return deed("down", { ...desired, draining: true, grace }, [...desired.services.keys()]);
}

/** `up` after a `down`, which has forgotten what was asked by hand. */
function begin(desired: Desired, random: Random): Deed {
  const services =
    desired.services.size > 0 && random.chance(0.5)
      ? desired.services
      : drawDesired(random).services;
  const names = [...services.keys(), ...desired.services.keys()];
  return deed("up", { ...NOTHING, services, profiles: desired.profiles }, names);
}
