import { randomBytes } from "node:crypto";
import { closeSync, constants, ftruncateSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { openOwn, writeAll } from "../host/own-files.ts";

/** The most it takes; of a small file system a twentieth. */
const BALLAST_BYTES_MAX = 1024 * 1024;
const SHARE = 20;
const BLOCK = 4096;

/**
 * A file that holds nothing but space, given back piece by piece when there is none left, so that the supervisor can
 * still write down what it does. Piece by piece, because whoever fills the disk takes what is free at once.
 */
export class Ballast {
  readonly #path: string;
  readonly #wantedBytes: number;

  constructor(folder: string, diskBytes: number) {
    this.#path = join(folder, "ballast");
    const share = Math.min(BALLAST_BYTES_MAX, diskBytes / SHARE);
    this.#wantedBytes = Math.max(4 * BLOCK, Math.floor(share / BLOCK) * BLOCK);
  }

  get wantedBytes(): number {
    return this.#wantedBytes;
  }

  get isWhole(): boolean {
    return this.#size() >= this.#wantedBytes;
  }

  /** Takes the space, all of it or none; false when it is not to be had. `isAnew`: also what it has already. */
  fill(isAnew = false): boolean {
    if (this.isWhole && !isAnew) return true;
    try {
      const file = openOwn(this.#path, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC);
      try {
        // Noise: a file system that compresses would keep no space for zeros.
        writeAll(file, randomBytes(this.#wantedBytes));
      } finally {
        closeSync(file);
      }
      return true;
    } catch {
      this.remove();
      return false;
    }
  }

  /** Gives a part of the space back, at last the file itself; false when there is none left. */
  release(): boolean {
    const size = this.#size();
    if (size === 0) return this.#removeFile();
    const piece = Math.max(4 * BLOCK, Math.ceil(this.#wantedBytes / 4 / BLOCK) * BLOCK);
    if (size <= piece) return this.#removeFile();
    try {
      const file = openOwn(this.#path, constants.O_WRONLY);
      try {
        ftruncateSync(file, size - piece);
      } finally {
        closeSync(file);
      }
      return true;
    } catch {
      return this.#removeFile();
    }
  }

  remove(): void {
    this.#removeFile();
  }

  #removeFile(): boolean {
    try {
      rmSync(this.#path);
      return true;
    } catch {
      return false;
    }
  }

  #size(): number {
    return statSync(this.#path, { throwIfNoEntry: false })?.size ?? 0;
  }
}
