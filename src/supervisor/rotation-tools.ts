import { type ChildProcess, spawn } from "node:child_process";
import {
  createReadStream,
  createWriteStream,
  fstatSync,
  fsync,
  ftruncateSync,
  read,
  write,
} from "node:fs";
import { setPriority } from "node:os";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { createGzip } from "node:zlib";

const PIECE_BYTES = 262_144;
const MESSAGE_LENGTH_MAX = 300;
/** Behind every service. */
const NICE = 15;
/** A tool must not keep what the supervisor holds, above all the lock: it may outlive it. */
const DESCRIPTORS = 10;

export type ToolResult =
  | { readonly kind: "ok" }
  /** There is no such program. */
  | { readonly kind: "missing" }
  | { readonly kind: "failed"; readonly message: string };

/**
 * Moves bytes by small programs (dd, gzip, fallocate), so that the supervisor's own time does not grow with
 * what its services print. Where one is missing, or is another than expected, the same is done here.
 */
export class Tools {
  readonly #path: string;
  readonly #missing = new Set<string>();
  #child: ChildProcess | null = null;

  /** `path`: where programs are looked for, as in PATH. */
  constructor(path: string) {
    this.#path = path;
  }

  /** Copies `length` bytes from position `from` of one file to the start of an empty one, and syncs that. */
  async copy(source: number, from: number, length: number, target: number): Promise<void> {
    const flags = ["iflag=skip_bytes,count_bytes", "bs=256K", "conv=fsync", "status=none"];
    const args = [...flags, `skip=${from}`, `count=${length}`];
    const result = await this.run("dd", args, source, target);
    if (result.kind === "ok" && fstatSync(target).size === length) return;
    if (result.kind === "failed" && result.message.includes("No space"))
      throw noSpace(result.message);
    ftruncateSync(target, 0);
    await copyHere(source, from, length, target);
  }

  /** Compresses a whole file into an empty one. Resolves when that is on the disk. */
  async compress(source: number, target: number): Promise<void> {
    const result = await this.run("gzip", ["-c", "-n", "-3"], source, target);
    if (result.kind === "failed") throw noSpace(result.message);
    if (result.kind === "missing") await compressHere(source, target);
    await promisify(fsync)(target);
  }

  /** Gives the first `length` bytes of a file back to the disk; they read as zeros from then on. */
  async punch(file: number, length: number): Promise<ToolResult> {
    return this.run(
      "fallocate",
      ["-p", "-o", "0", "-l", `${length}`, "/proc/self/fd/0"],
      file,
      null,
    );
  }

  /** Ends what runs. */
  stop(): void {
    this.#child?.kill("SIGKILL");
  }

  async run(
    name: string,
    args: readonly string[],
    input: number,
    output: number | null,
  ): Promise<ToolResult> {
    if (this.#missing.has(name)) return { kind: "missing" };
    const others = Array.from({ length: DESCRIPTORS - 3 }, () => "ignore" as const);
    const child = spawn(name, args, {
      env: { PATH: this.#path, LC_ALL: "C" },
      stdio: [input, output ?? "ignore", "pipe", ...others],
    });
    this.#child = child;
    const result = await ended(child);
    if (this.#child === child) this.#child = null;
    if (result.kind === "missing") this.#missing.add(name);
    return result;
  }
}

function ended(child: ChildProcess): Promise<ToolResult> {
  let message = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    message = (message + chunk.toString()).slice(0, MESSAGE_LENGTH_MAX);
  });
  if (child.pid !== undefined) beNice(child.pid);
  return new Promise((resolve) => {
    child.on("error", (error: NodeJS.ErrnoException) => {
      const isMissing = error.code === "ENOENT" || error.code === "EACCES";
      resolve(isMissing ? { kind: "missing" } : { kind: "failed", message: error.message });
    });
    child.on("close", (code, signal) => {
      const words = message.trim() || `ended with ${code ?? signal}`;
      resolve(code === 0 ? { kind: "ok" } : { kind: "failed", message: words });
    });
  });
}

function beNice(pid: number): void {
  try {
    setPriority(pid, NICE);
  } catch {
    // It has ended already.
  }
}

const readPiece = promisify(read);
const writePiece = promisify(write);

async function copyHere(
  source: number,
  from: number,
  length: number,
  target: number,
): Promise<void> {
  const buffer = Buffer.allocUnsafe(Math.min(PIECE_BYTES, length));
  for (let at = 0; at < length; ) {
    const wanted = Math.min(buffer.length, length - at);
    const { bytesRead } = await readPiece(source, buffer, 0, wanted, from + at);
    if (bytesRead === 0) throw new Error("a log file is shorter than it was");
    for (let written = 0; written < bytesRead; ) {
      const { bytesWritten } = await writePiece(
        target,
        buffer,
        written,
        bytesRead - written,
        at + written,
      );
      written += bytesWritten;
    }
    at += bytesRead;
  }
  await promisify(fsync)(target);
}

async function compressHere(source: number, target: number): Promise<void> {
  await pipeline(
    createReadStream("", { fd: source, autoClose: false, start: 0 }),
    createGzip({ level: 3 }),
    createWriteStream("", { fd: target, autoClose: false, start: 0 }),
  );
}

function noSpace(message: string): Error {
  const isFull = message.includes("No space");
  return Object.assign(new Error(message), isFull ? { code: "ENOSPC" } : {});
}
