import {
  accessSync,
  constants,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFile,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { namesIn } from "../logs/names-in.ts";
import { isPopulated, pidsIn, removeCgroup } from "./cgroup.ts";
import { writeOwn } from "./own-files.ts";

export interface CgroupsOptions {
  /** What the marks of the project's runs begin with. */
  readonly projectId: string;
  /** A file of ours that remembers where earlier supervisors had theirs: one folder a line. */
  readonly memory: string;
  /** Other places in tests. */
  readonly mounts?: string;
  readonly own?: string;
}

/**
 * The cgroups of one project, where cgroup v2 is there and ours to write: one a run, in a folder of the
 * project, below the cgroup that procs itself is in. So whatever holds procs holds its services too, as it
 * does where there is none.
 */
export interface Cgroups {
  /** Makes the cgroup of a run. null: it cannot be made, and the run is known by the other means alone. */
  make(mark: string): string | null;
  /**
   * To be called a moment before a run starts. Entering a cgroup waits for the kernel to be told of it on every
   * processor, some 15 ms, unless that was done just before; so it is done while the start is prepared.
   */
  warm(): void;
  /** That of a run of an earlier supervisor; null: there is none. */
  find(mark: string): string | null;
  /** Of all that lives in them: pid to the mark of its run. */
  members(): ReadonlyMap<number, string>;
  /** Removes those that are empty, and the project's own when none is left. */
  sweep(): void;
  /** The same for what other projects, which nobody has started since, have left behind. */
  sweepOthers(): void;
}

/** Where there is no cgroup to be had. */
export const NO_CGROUPS: Cgroups = {
  make: () => null,
  warm: () => undefined,
  find: () => null,
  members: () => new Map(),
  sweep: () => undefined,
  sweepOthers: () => undefined,
};

export function openCgroups(options: CgroupsOptions): Cgroups {
  const { projectId, memory } = options;
  const name = `procs-${projectId}`;
  const base = baseFolder(options);
  const own = base === null ? null : join(base, name);
  const earlier = recall(memory).filter((folder) => basename(folder) === name && folder !== own);
  if (own === null && earlier.length === 0) return NO_CGROUPS;
  const folders = own === null ? earlier : [own, ...earlier];
  let isUsable = base !== null && isWritable(base);
  let isComplete = false;
  let isNoted = false;
  if (isUsable && base !== null && base !== inside(options)) enter(base);
  const runs = () => folders.flatMap((folder) => runsIn(folder).map((run) => join(folder, run)));
  return {
    make: (mark) => {
      const run = runName(projectId, mark);
      if (!isUsable || own === null || run === null) return null;
      const folder = join(own, run);
      try {
        // The project's own may have been swept while nothing ran.
        mkdirSync(folder, { recursive: true });
        isComplete ||= isOurs(folder);
        if (!isComplete) throw new Error("a cgroup lacks what is needed");
        if (!isNoted) isNoted = note(folders, memory);
        return folder;
      } catch {
        isUsable = false;
        removeCgroup(folder);
        removeCgroup(own);
        return null;
      }
    },
    warm: () => {
      const now = isUsable ? inside(options) : null;
      // We enter the cgroup that we are in.
      if (now !== null) writeFile(join(now, "cgroup.procs"), String(process.pid), () => undefined);
    },
    find: (mark) => {
      const run = runName(projectId, mark);
      // Not by listing them: it is asked for each run that is taken over.
      return run === null ? null : (folders.map((each) => join(each, run)).find(isCgroup) ?? null);
    },
    members: () =>
      new Map(
        runs().flatMap((folder) => {
          const mark = `${projectId}:${basename(folder).slice(RUN.length)}`;
          return pidsIn(folder).map((pid) => [pid, mark] as const);
        }),
      ),
    sweep: () => {
      for (const folder of runs()) if (!isPopulated(folder)) removeCgroup(folder);
      for (const folder of folders) if (runsIn(folder).length === 0) removeCgroup(folder);
      if (folders.some(isCgroup)) return;
      isNoted = false;
      rmSync(memory, { force: true });
    },
    sweepOthers: () => {
      if (base !== null) for (const folder of abandonedIn(base, name)) removeCgroup(folder);
    },
  };
}

/** Long after a run was made its program is in its cgroup, or will never be. */
const ABANDONED_MS = 60_000;

function abandonedIn(base: string, own: string): readonly string[] {
  return namesIn(base)
    .filter((name) => /^procs-[0-9a-f]{12,}-[0-9a-f]{8}$/.test(name) && name !== own)
    .map((name) => join(base, name))
    .filter((folder) => {
      const all = [folder, ...runsIn(folder).map((run) => join(folder, run))];
      return !isPopulated(folder) && all.every((each) => isOlder(each, ABANDONED_MS));
    });
}

function isOlder(folder: string, ms: number): boolean {
  try {
    return Date.now() - statSync(folder).ctimeMs > ms;
  } catch {
    return false;
  }
}

/** So that no run is called like a file of the kernel's. */
const RUN = "run-";
const NAME_BYTES_MAX = 255;

/** null: no name for a folder can be made of it. */
function runName(projectId: string, mark: string): string | null {
  if (!mark.startsWith(`${projectId}:`)) return null;
  const name = `${RUN}${mark.slice(projectId.length + 1)}`;
  return /[/\0\n]/.test(name) || Buffer.byteLength(name) > NAME_BYTES_MAX ? null : name;
}

/** Whether cgroups may be made in it; and moved into from it, for which the kernel wants both to be writable. */
function isWritable(base: string): boolean {
  return (
    isAccessible(base, constants.W_OK) && isAccessible(join(base, "cgroup.procs"), constants.W_OK)
  );
}

/** Whether a cgroup that was made has all that a run needs: older kernels cannot kill it whole. */
function isOurs(cgroup: string): boolean {
  const files = ["cgroup.procs", "cgroup.kill"].map((name) => join(cgroup, name));
  return files.every((file) => isAccessible(file, constants.W_OK));
}

function isAccessible(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

/** False, on a full disk: a supervisor in the same cgroup as this one finds them all the same. */
function note(folders: readonly string[], memory: string): boolean {
  try {
    writeOwn(memory, folders.map((folder) => `${folder}\n`).join(""));
    return true;
  } catch {
    return false;
  }
}

function recall(memory: string): readonly string[] {
  try {
    return readFileSync(memory, "utf8")
      .split("\n")
      .filter((folder) => folder !== "" && isCgroup(folder));
  } catch {
    return [];
  }
}

function isCgroup(folder: string): boolean {
  return isAccessible(join(folder, "cgroup.procs"), constants.F_OK);
}

function runsIn(folder: string): readonly string[] {
  return namesIn(folder).filter((name) => name.startsWith(RUN));
}

/** Where the project's folder is to be; null without cgroup v2. */
function baseFolder(options: CgroupsOptions): string | null {
  const folder = inside(options);
  return folder === null ? null : outside(folder);
}

/** The folder of the cgroup that we are in. */
function inside(options: CgroupsOptions): string | null {
  try {
    const own = /^0::(\/.*)$/m.exec(readFileSync(options.own ?? "/proc/self/cgroup", "utf8"))?.[1];
    const mounts = readFileSync(options.mounts ?? "/proc/self/mountinfo", "utf8");
    const mount = mounts.split("\n").flatMap((line) => parseMount(line) ?? [])[0];
    if (own === undefined || mount === undefined) return null;
    if (mount.root === "/") return join(mount.point, own);
    // Mounted from further down: what is above it cannot be named here.
    const isBelow = own === mount.root || own.startsWith(`${mount.root}/`);
    return isBelow ? join(mount.point, own.slice(mount.root.length)) : null;
  } catch {
    return null;
  }
}

function enter(cgroup: string): void {
  try {
    writeFileSync(join(cgroup, "cgroup.procs"), String(process.pid), { flag: "r+" });
  } catch {
    // Then we end with the service that started us, as anything does that it starts.
  }
}

/** A supervisor that a service of another project started is no part of that service, and leaves its cgroup. */
function outside(path: string): string {
  const parts = path.split("/");
  const at = parts.findIndex((part, index) => {
    return part.startsWith("procs-") && parts[index + 1]?.startsWith(RUN) === true;
  });
  return at < 0 ? path : parts.slice(0, at).join("/");
}

function parseMount(line: string): { readonly root: string; readonly point: string } | null {
  const [before = "", after = ""] = line.split(" - ");
  if (!after.startsWith("cgroup2 ")) return null;
  const [, , , root = "/", point = ""] = before.split(" ");
  return { root: unescaped(root), point: unescaped(point) };
}

/** mountinfo writes a space as \040. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}
