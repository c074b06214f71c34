import { createHash } from "node:crypto";
import type { Desired, Intent } from "../core/desired.ts";
import type { Observed, ObservedService } from "../core/observed.ts";
import type { Project } from "../core/spec.ts";
import type { StopFacts } from "../host/leftovers.ts";
import type { Basis } from "./desire.ts";
import { seal, unseal } from "./sealed.ts";
import { completeForm } from "./spec-form.ts";
import { SpecReader, type SpecRef, type SpecTable, SpecWriter } from "./specs-table.ts";
import { readService, type StoredService, storedService } from "./stored-books.ts";

/** Everything that one supervisor leaves to the next one. */
export interface Recorded extends Basis {
  readonly observed: Observed;
  /** An attached `up` owns the project. */
  readonly owned: boolean;
  /** What the files of the project looked like when they were applied, or last looked at. */
  readonly stamp: string;
  /** Ids of operations whose change of what is desired is in here, newest last. */
  readonly operations: readonly string[];
}

/** What can be read without the key: how to end what runs, and what was asked by hand. */
export interface Remembered {
  readonly intents: ReadonlyMap<string, Intent>;
  readonly selected: ReadonlySet<string> | null;
  readonly profiles: ReadonlySet<string>;
  readonly services: ReadonlyMap<string, StopFacts>;
}

/** A state file that is whole and of a version that can be read. */
export interface StateDocument {
  /** The procs that wrote it. */
  readonly by: string;
  readonly boot: string;
  readonly remembered: Remembered;
  /** null: without the key, or with another one. */
  readonly recorded: Recorded | null;
}

/** Raised when an older procs could not make sense of what this one writes. */
const STATE_VERSION = 2;

/**
 * The state file: one line of JSON and one with its sha256. All that was asked or seen is sealed with a key
 * that is on no disk, since commands, URLs and variables hold secrets; a little is open, so that what
 * runs can be ended in its order when the key is lost.
 */
export class StateWriter {
  #table = new SpecWriter();
  #services = new WeakMap<ObservedService, string>();
  readonly #projects = new WeakMap<Project, string>();
  readonly #by: string;
  readonly #boot: string;
  #aim = "";

  constructor(by: string, boot: string) {
    this.#by = by;
    this.#boot = boot;
  }

  /** null: nothing is asked that was not asked at the last time, and `isNews` says that nothing happened. */
  write(recorded: Recorded, key: string, isNews: boolean): string | null {
    if (this.#table.size > TABLE_MAX_FACTOR * (recorded.desired.services.size + TABLE_MIN)) {
      this.#table = new SpecWriter();
      this.#services = new WeakMap();
    }
    const open = openPart(recorded.desired);
    const aim = this.#aimParts(recorded);
    const aimText = JSON.stringify([open, Object.values(aim)]);
    if (!isNews && aimText === this.#aim) return null;
    this.#aim = aimText;
    const sealed = seal(key, this.#sealedText(recorded, aim));
    const line = JSON.stringify({ v: STATE_VERSION, by: this.#by, boot: this.#boot, open, sealed });
    return `${line}\n${checksum(line)}\n`;
  }

  #aimParts({ desired, project, ambient }: Recorded) {
    const { draining, grace } = desired;
    return {
      desired: JSON.stringify({
        services: [...desired.services.values()].map((spec) => this.#table.ref(spec)),
        draining,
        grace,
      }),
      project: this.#projectText(project),
      ambient: ambient === null ? "null" : String(this.#table.values(ambient)),
    };
  }

  /** Put together from texts that are there already: only what changed is turned into text anew. */
  #sealedText(recorded: Recorded, aim: Readonly<Record<string, string>>): string {
    const { observed } = recorded;
    const parts = {
      ...aim,
      observed: `[${[...observed.services].map((entry) => this.#serviceText(...entry)).join()}]`,
      sockets: JSON.stringify(observed.sockets),
      nextRun: JSON.stringify(observed.nextRun),
      owned: String(recorded.owned),
      stamp: JSON.stringify(recorded.stamp),
      operations: JSON.stringify(recorded.operations),
      // Last, when everything has its place in it.
      table: this.#table.text(),
    };
    return `{${Object.entries(parts)
      .map(([name, text]) => `"${name}":${text}`)
      .join()}}`;
  }

  #serviceText(name: string, service: ObservedService): string {
    const known = this.#services.get(service);
    if (known !== undefined) return known;
    const text = JSON.stringify([name, storedService(service, this.#table)]);
    this.#services.set(service, text);
    return text;
  }

  #projectText(project: Project | null): string {
    if (project === null) return "null";
    const refs = project.services.map((spec) => this.#table.ref(spec));
    let rest = this.#projects.get(project);
    if (rest === undefined) {
      rest = JSON.stringify({ ...project, services: [] });
      this.#projects.set(project, rest);
    }
    return `{"project":${rest},"services":${JSON.stringify(refs)}}`;
  }
}

/** Specs of long ago are dropped from the table when it has grown to many times what is in use. */
const TABLE_MAX_FACTOR = 8;
const TABLE_MIN = 8;

/** Throws an Error with the reason when the text is torn, changed, or of a version that is not known here. */
export function readState(text: string, keys: readonly string[]): StateDocument {
  const [line = "", sum] = text.split("\n");
  if (sum !== checksum(line)) throw new Error("it is torn or was changed");
  // The checksum says that this code, or another version of it, wrote it.
  const document = JSON.parse(line) as StoredDocument;
  if (document.v !== STATE_VERSION) {
    throw new Error(
      `it has the form ${document.v} of procs ${document.by ?? "0"}, not ${STATE_VERSION}`,
    );
  }
  const { by, boot, open, sealed } = document;
  const remembered: Remembered = {
    intents: new Map(Object.entries(open.intents)),
    selected: open.selected === null ? null : new Set(open.selected),
    profiles: new Set(open.profiles),
    services: new Map(Object.entries(open.services)),
  };
  for (const key of keys) {
    const inside = unseal(key, sealed);
    if (inside === null) continue;
    const recorded = readSealed(JSON.parse(inside) as StoredSealed, remembered);
    return { by, boot, remembered, recorded };
  }
  return { by, boot, remembered, recorded: null };
}

interface StoredDocument {
  readonly v: number;
  readonly by: string;
  readonly boot: string;
  readonly open: {
    readonly services: Readonly<Record<string, StopFacts>>;
    readonly intents: Readonly<Record<string, Intent>>;
    readonly selected: readonly string[] | null;
    readonly profiles: readonly string[];
  };
  readonly sealed: string;
}

interface StoredSealed {
  readonly desired: {
    readonly services: readonly SpecRef[];
    readonly draining: boolean;
    readonly grace: number | null;
  };
  readonly observed: readonly (readonly [string, StoredService])[];
  /** Absent: written before there were any. */
  readonly sockets?: Observed["sockets"];
  readonly nextRun: Observed["nextRun"];
  readonly project: { readonly project: Project; readonly services: readonly SpecRef[] } | null;
  readonly ambient: number | null;
  readonly owned: boolean;
  readonly stamp: string;
  readonly operations: readonly string[];
  readonly table: SpecTable;
}

function readSealed(stored: StoredSealed, remembered: Remembered): Recorded {
  const specs = new SpecReader(stored.table, completeForm);
  const byName = (refs: readonly SpecRef[]) =>
    new Map(refs.map((ref) => specs.spec(ref)).map((spec) => [spec.name, spec]));
  const { draining, grace } = stored.desired;
  const { intents, selected, profiles } = remembered;
  const services = byName(stored.desired.services);
  const desired: Desired = { services, intents, selected, profiles, draining, grace };
  return {
    desired,
    observed: {
      services: new Map(stored.observed.map(([name, one]) => [name, readService(one, specs)])),
      sockets: stored.sockets ?? {},
      nextRun: stored.nextRun,
    },
    project:
      stored.project === null
        ? null
        : { ...stored.project.project, services: [...byName(stored.project.services).values()] },
    ambient: stored.ambient === null ? null : specs.values(stored.ambient),
    owned: stored.owned,
    stamp: stored.stamp,
    operations: stored.operations,
  };
}

function openPart(desired: Desired): StoredDocument["open"] {
  const facts = [...desired.services].map(
    ([name, { stop, depends_on }]) => [name, { name, stop, depends_on }] as const,
  );
  return {
    services: Object.fromEntries(facts),
    intents: Object.fromEntries(desired.intents),
    selected: desired.selected === null ? null : [...desired.selected],
    profiles: [...desired.profiles],
  };
}

function checksum(line: string): string {
  return createHash("sha256").update(line).digest("hex");
}
