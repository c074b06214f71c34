import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fchownSync,
  fstatSync,
  mkdirSync,
  openSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ServiceSpec } from "../core/spec.ts";
import type { Account } from "./account.ts";

/** Loaded by NODE_OPTIONS, and what it loads where there is something to do. */
const FILES = ["main.cjs", "sockets.cjs"];

/** Whether its Node programs need to be told more than other programs know to ask for. */
export function needsPreload(spec: ServiceSpec): boolean {
  // What procs runs for a service knows what it has.
  if (spec.helps !== null || variableOf(spec, "PROCS_PRELOAD") === "off") return false;
  const isSharing = spec.listen?.mode === "share";
  return isSharing || spec.stop.message !== undefined || spec.ready?.check.kind === "message";
}

/** Where the preload can be loaded from by a program of that account; null: only from a copy of its own. */
export function preloadFolder(account: Account | null): string | null {
  const folder = [BESIDE, BUILT].find((each) => existsSync(join(each, "main.cjs"))) ?? BESIDE;
  const isOpen = account === null || FILES.every((name) => isOpenToAll(join(folder, name)));
  return isOpen ? folder : null;
}

/** Into a folder that the account may read. Throws when it cannot be written. */
export function copyPreload(folder: string, account: Account): void {
  for (const name of FILES) {
    const path = join(folder, name);
    copyFileSync(join(preloadFolder(null) ?? BESIDE, name), path);
    giveTo(path, account);
  }
}

/** What the preload finds in the environment of a program. `folder` holds it. */
export function preloadEnvironment(
  spec: ServiceSpec,
  { folder, share }: { readonly folder: string; readonly share: string | null },
): Readonly<Record<string, string>> {
  const { signal, timeout, message } = spec.stop;
  return {
    NODE_OPTIONS: `--require ${quoteOption(join(folder, "main.cjs"))}`,
    PROCS_STOP: `${signal} ${timeout}`,
    ...(message === undefined ? {} : { PROCS_STOP_MESSAGE: message }),
    ...(share === null ? {} : { PROCS_SHARE: share }),
  };
}

/**
 * The file in which the instances of a service keep count of their connections; null: there is none to share,
 * or none can be had, and they go without.
 */
export function shareFile(
  spec: ServiceSpec,
  { runtime, account }: { readonly runtime: string; readonly account: Account | null },
): string | null {
  if (spec.listen?.mode !== "share") return null;
  // Another user cannot enter the runtime folder.
  const [folder, name] =
    account === null
      ? [join(runtime, "share"), spec.name]
      : [tmpdir(), `procs-share-${basename(runtime)}-${spec.name}-${account.uid}`];
  try {
    if (account === null) mkdirSync(folder, { recursive: true, mode: 0o700 });
    const path = join(folder, name);
    const { O_RDWR, O_CREAT, O_NOFOLLOW } = constants;
    const fd = openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
    try {
      const stats = fstatSync(fd);
      const isOurs = [process.getuid?.(), account?.uid].includes(stats.uid) && stats.nlink === 1;
      if (!stats.isFile() || !isOurs) return null;
      if (account !== null) fchownSync(fd, account.uid, account.gid);
      return path;
    } finally {
      closeSync(fd);
    }
  } catch {
    return null;
  }
}

/** How many runs that this supervisor started have a file outside of the runtime folder, which nobody else removes. */
const users = new Map<string, number>();

/** A run counts in that file from now on. */
export function useShare(path: string): void {
  users.set(path, (users.get(path) ?? 0) + 1);
}

/** It does not any more: the last one removes the file. */
export function leaveShare(path: string): void {
  const left = (users.get(path) ?? 1) - 1;
  users.set(path, left);
  if (left > 0) return;
  users.delete(path);
  rmSync(path, { force: true });
}

export function giveTo(path: string, account: Account): void {
  const fd = openSync(path, "r");
  fchownSync(fd, account.uid, account.gid);
  closeSync(fd);
}

const BESIDE = fileURLToPath(new URL("../preload/", import.meta.url));
/** The host runs from its sources, as it does in tests. */
const BUILT = fileURLToPath(new URL("../../dist/preload/", import.meta.url));

function isOpenToAll(path: string): boolean {
  try {
    if ((statSync(path).mode & 0o004) === 0) return false;
    for (let folder = dirname(path); ; folder = dirname(folder)) {
      if ((statSync(folder).mode & 0o001) === 0) return false;
      if (folder === dirname(folder)) return true;
    }
  } catch {
    return false;
  }
}

/** NODE_OPTIONS is split at spaces, save between double quotes. */
function quoteOption(path: string): string {
  return `"${path.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

function variableOf(spec: ServiceSpec, name: string): string | undefined {
  return spec.env[name] ?? spec.inherited[name];
}
