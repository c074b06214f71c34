import { closeSync, constants, fstatSync, openSync, readSync, type Stats, statSync } from "node:fs";

/**
 * Opens a file for reading. Throws also for a folder, and for a fifo that stands where a file should be,
 * instead of waiting for its other end.
 */
export function openPlain(path: string): number {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  throw new Error(`${path} is not a file`);
}

/** The whole of a file. Throws as `openPlain` does, and when there are more than `bytesMax`. */
export function readPlain(path: string, bytesMax: number): Buffer {
  const fd = openPlain(path);
  try {
    const { size } = fstatSync(fd);
    if (size > bytesMax) throw new Error(`${path} has ${size} bytes, more than ${bytesMax}`);
    const bytes = Buffer.alloc(size);
    return bytes.subarray(0, readSync(fd, bytes, 0, size, 0));
  } finally {
    closeSync(fd);
  }
}

/** What is at a path; null: nothing, or nothing that can be reached (links in a circle, a folder that is closed). */
export function statOrNull(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}
