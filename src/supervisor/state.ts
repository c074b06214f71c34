import { createHmac, randomBytes } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { Desired, Intent } from "../core/desired.ts";
import type { ServiceSpec } from "../core/spec.ts";
import type { Basis } from "./desire.ts";

/** What of the desired state outlives a supervisor that dies: what was asked by hand. */
export interface Remembered {
  readonly intents: ReadonlyMap<string, Intent>;
  readonly selected: ReadonlySet<string> | null;
  readonly profiles: ReadonlySet<string>;
  /** As last desired, with hashes for values: how to stop what still runs of them, and in which order. */
  readonly services: ReadonlyMap<string, ServiceSpec>;
}

interface StateDocument {
  readonly v: 1;
  readonly project: string | null;
  readonly services: readonly ServiceSpec[];
  readonly intents: Readonly<Record<string, Intent>>;
  readonly selected: readonly string[] | null;
  readonly profiles: readonly string[];
}

/**
 * The state file: written only when what it says changes, replaced whole or not at all, and without a single
 * environment value (they are keyed hashes, so that they can still be compared).
 */
export class StateFile {
  readonly #path: string;
  readonly #onFault: (error: unknown) => void;
  #key: Buffer | null = null;
  #written = "";

  constructor(path: string, onFault: (error: unknown) => void) {
    this.#path = path;
    this.#onFault = onFault;
  }

  /** What an earlier supervisor left; null when there is nothing, or nothing that can be read. */
  read(): Remembered | null {
    let content: string;
    try {
      content = readFileSync(this.#path, "utf8");
    } catch {
      return null;
    }
    try {
      // Written by write(); what is torn or of another version fails here or has another `v`.
      const state = JSON.parse(content) as StateDocument;
      if (state.v !== 1) throw new Error(`the state file has version ${state.v}`);
      if (typeof state.intents !== "object") throw new Error("the state file has no intents");
      return {
        intents: new Map(Object.entries(state.intents)),
        selected: state.selected === null ? null : new Set(state.selected),
        profiles: new Set(state.profiles),
        services: new Map(state.services.map((spec) => [spec.name, spec])),
      };
    } catch (error) {
      this.#onFault(error);
      renameSync(this.#path, `${this.#path}.damaged`);
      return null;
    }
  }

  write(basis: Basis): void {
    try {
      const content = `${JSON.stringify(this.#document(basis))}\n`;
      if (content === this.#written) return;
      replaceFile(this.#path, content);
      this.#written = content;
    } catch (error) {
      // A full disk: the project goes on, and the next change tries again.
      this.#onFault(error);
    }
  }

  /** After `down` there is nothing to remember. */
  remove(): void {
    for (const path of [this.#path, this.#keyPath]) rmSync(path, { force: true });
  }

  get #keyPath(): string {
    return join(dirname(this.#path), "key");
  }

  #document({ desired, project }: Basis): StateDocument {
    return {
      v: 1,
      project: project?.name ?? null,
      services: [...desired.services.values()].map((spec) => this.#withoutValues(spec)),
      intents: Object.fromEntries(desired.intents),
      selected: desired.selected === null ? null : [...desired.selected],
      profiles: [...desired.profiles],
    };
  }

  #withoutValues(spec: ServiceSpec): ServiceSpec {
    const hash = (values: Readonly<Record<string, string>>) =>
      Object.fromEntries(Object.entries(values).map(([name, value]) => [name, this.#hash(value)]));
    return { ...spec, env: hash(spec.env), inherited: hash(spec.inherited) };
  }

  #hash(value: string): string {
    this.#key ??= readKey(this.#keyPath);
    return createHmac("sha256", this.#key).update(value).digest("base64url");
  }
}

/** The desired state that what is remembered adds up to, before the first file is applied. */
export function recall(desired: Desired, remembered: Remembered | null): Desired {
  if (remembered === null) return desired;
  const { intents, selected, profiles } = remembered;
  return { ...desired, intents, selected, profiles };
}

function readKey(path: string): Buffer {
  try {
    const key = readFileSync(path);
    if (key.length === 32) return key;
  } catch {
    // None yet.
  }
  const key = randomBytes(32);
  writeFileSync(path, key, { mode: 0o600 });
  return key;
}

function replaceFile(path: string, content: string): void {
  const temporary = `${path}.new`;
  const file = openSync(temporary, "w", 0o600);
  try {
    writeFileSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
  const folder = openSync(dirname(path), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
