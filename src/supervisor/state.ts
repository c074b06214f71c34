import { closeSync, constants, fsyncSync, linkSync, openSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import type { Desired } from "../core/desired.ts";
import { messageOf } from "../errors.ts";
import { failpoint } from "../host/failpoint.ts";
import { removeOwn, writeAll } from "../host/own-files.ts";
import { readPlain } from "../logs/plain-file.ts";
import {
  type Recorded,
  type Remembered,
  readState,
  type StateDocument,
  StateWriter,
} from "./state-format.ts";

export interface StateFileOptions {
  /** The one before is kept beside it, as `<path>.1`. */
  readonly path: string;
  /** The version of procs that writes. */
  readonly version: string;
  readonly boot: string;
  /** Seals what is secret; not on any disk. */
  readonly key: string;
  /** It could not be written: the project goes on. True: there is room now, so it may be tried once more at once. */
  readonly onFault: (error: unknown) => boolean;
}

/** A thousand services with all they are set to; what is longer was written by somebody else. */
const STATE_BYTES_MAX = 64 * 1024 * 1024;

/** What a supervisor finds when it starts. */
export interface Legacy {
  /** Everything, of this boot, or null. */
  readonly recorded: Recorded | null;
  /** What was asked by hand, and how to stop services; also of an earlier boot, and without the key. */
  readonly remembered: Remembered | null;
  /** What is to be said of it: damage, another boot. */
  readonly notes: readonly string[];
}

/**
 * The state file: what cannot be seen on the machine. Written before anything is done that it tells of, replaced whole or not at all;
 * when it is torn the one before counts.
 */
export class StateFile {
  readonly #options: StateFileOptions;
  readonly #writer: StateWriter;
  #desired: Desired | null = null;

  constructor(options: StateFileOptions) {
    this.#options = options;
    this.#writer = new StateWriter(options.version, options.boot);
  }

  read(): Legacy {
    const { path, boot } = this.#options;
    const notes: string[] = [];
    for (const candidate of [path, previousOf(path)]) {
      const document = this.#readOne(candidate, notes);
      if (document === null) continue;
      const { recorded, remembered } = document;
      if (document.boot === boot) {
        if (recorded === null) notes.push(`the key of ${candidate} is lost with those who held it`);
        return { recorded, remembered, notes };
      }
      notes.push("the machine was started anew since: nothing of before is taken over");
      return { recorded: null, remembered, notes };
    }
    return { recorded: null, remembered: null, notes };
  }

  /**
   * False when it could not be written. What is desired must be on the disk itself: it outlives the machine.
   * `isNews`: something has happened since the last write; else a write that would ask for the same is spared.
   */
  write(recorded: Recorded, isNews: boolean): boolean {
    const { path, key, onFault } = this.#options;
    const isNewAim = recorded.desired !== this.#desired;
    const content = this.#writer.write(recorded, key, isNews);
    if (content === null) return true;
    for (;;) {
      try {
        failpoint("record.before");
        replaceFile(path, content, isNewAim);
        this.#desired = recorded.desired;
        failpoint("record.after");
        return true;
      } catch (error) {
        if (!onFault(error)) return false;
      }
    }
  }

  /** After `down` there is nothing to remember. */
  remove(): void {
    const { path } = this.#options;
    for (const one of [path, previousOf(path)]) removeOwn(one);
  }

  #readOne(path: string, notes: string[]): StateDocument | null {
    let text: string;
    try {
      text = readPlain(path, STATE_BYTES_MAX).toString("utf8");
    } catch (error) {
      if (!isAbsent(error)) notes.push(`${path} cannot be read: ${messageOf(error)}`);
      return null;
    }
    try {
      return readState(text, [this.#options.key]);
    } catch (error) {
      notes.push(`${path} cannot be used: ${messageOf(error)}; it is kept as ${path}.damaged`);
      putAside(path);
      return null;
    }
  }
}

function previousOf(path: string): string {
  return `${path}.1`;
}

/** `isLasting`: also when the machine loses its power. A process that is killed loses nothing that was written. */
function replaceFile(path: string, content: string, isLasting: boolean): void {
  const temporary = `${path}.new`;
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants;
  const file = openSync(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600);
  try {
    writeAll(file, Buffer.from(content));
    if (isLasting) fsyncSync(file);
  } finally {
    closeSync(file);
  }
  keepPrevious(path);
  failpoint("rename.before");
  renameSync(temporary, path);
  failpoint("rename.after");
  if (isLasting) syncFolder(dirname(path));
}

/** By a second name, so that there is a whole one at `path` at any moment. */
function keepPrevious(path: string): void {
  const previous = previousOf(path);
  rmSync(previous, { force: true });
  try {
    linkSync(path, previous);
  } catch (error) {
    // There is none yet; or the file system knows no links, and then there is none for an instant.
    if (!isAbsent(error)) renameSync(path, previous);
  }
}

function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function putAside(path: string): void {
  try {
    renameSync(path, `${path}.damaged`);
  } catch {
    // A read-only folder: it stays, and is said of again.
  }
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
