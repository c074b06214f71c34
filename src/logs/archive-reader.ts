import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Archive } from "./archives.ts";
import { openPlain, readPlain } from "./plain-file.ts";

/** Unpacked bytes held in memory by all readers of this process together; more goes to unnamed files. */
const HELD_BYTES_MAX = 8 * 1024 * 1024;
/** Held all the same where no such file can be written: a full disk must not keep anybody from reading. */
const ALONE_BYTES_MAX = 64 * 1024 * 1024;

/** Where there is no gzip: the same in Node. */
const UNPACK = `require("stream").pipeline(
  require("fs").createReadStream(null, { fd: 0 }),
  require("zlib").createGunzip(),
  require("fs").createWriteStream(null, { fd: 1 }),
  (error) => { process.exitCode = error ? 1 : 0; })`;

let heldBytes = 0;

/** One archive, open: its bytes stay readable whatever becomes of its name. */
export interface ArchiveReader {
  /** Up to `length` bytes from `at`, counted from the archive's first byte. */
  read(at: number, length: number): Buffer;
  close(): void;
}

/** Opens an archive; null: it has gone, or cannot be read. */
export function openArchive(archive: Archive): ArchiveReader | null {
  try {
    return archive.isCompressed ? openPacked(archive) : readerOf(openPlain(archive.path));
  } catch {
    return null;
  }
}

/** Throws when the archive cannot be opened or does not hold what its name says. */
function openPacked({ path, from, to }: Archive): ArchiveReader {
  const length = to - from;
  if (heldBytes + length <= HELD_BYTES_MAX) return unpackHere(path, length);
  try {
    return unpackToFile(path, length);
  } catch (error) {
    if (length > ALONE_BYTES_MAX) throw error;
    return unpackHere(path, length);
  }
}

function unpackHere(path: string, length: number): ArchiveReader {
  // One chunk that takes all: the bytes are not copied a second time.
  const options = { chunkSize: Math.max(64, length + 1), maxOutputLength: length };
  const bytes = gunzipSync(readPlain(path, ALONE_BYTES_MAX), options);
  if (bytes.length !== length) throw new Error(`${path} is not whole`);
  heldBytes += length;
  let isOpen = true;
  return {
    read: (at, wanted) => Buffer.from(bytes.subarray(at, at + wanted)),
    close() {
      if (isOpen) heldBytes -= length;
      isOpen = false;
    },
  };
}

/** Synchronous like all reading: it takes a tenth of a second for each ten megabytes. */
function unpackToFile(path: string, length: number): ArchiveReader {
  const packed = openPlain(path);
  const unpacked = openUnnamed();
  try {
    const stdio = [packed, unpacked, "ignore"] as const;
    const { error } = spawnSync("gzip", ["-dc"], { stdio: [...stdio] });
    if (error !== undefined) spawnSync(process.execPath, ["-e", UNPACK], { stdio: [...stdio] });
    if (fstatSync(unpacked).size !== length) throw new Error(`${path} is not whole`);
    return readerOf(unpacked);
  } catch (failure) {
    closeSync(unpacked);
    throw failure;
  } finally {
    closeSync(packed);
  }
}

function openUnnamed(): number {
  const path = join(tmpdir(), `procs-${randomUUID()}`);
  const fd = openSync(path, "wx+", 0o600);
  rmSync(path);
  return fd;
}

function readerOf(fd: number): ArchiveReader {
  let open: number | null = fd;
  return {
    read(at, length) {
      const bytes = Buffer.allocUnsafe(length);
      return bytes.subarray(0, open === null ? 0 : readSync(open, bytes, 0, length, at));
    },
    close() {
      if (open !== null) closeSync(open);
      open = null;
    },
  };
}
