import { existsSync, statSync } from "node:fs";
import { basename, dirname, relative } from "node:path";
import type { FSWatcher } from "chokidar";
import type { ServiceSpec } from "../core/spec.ts";
import { awaitPath } from "./await-path.ts";
import { isGlob, parseGlob, relativeMatcher } from "./glob.ts";

interface Options {
  /** `path` is relative to the service's folder where it is below it. */
  readonly changed: (service: string, path: string) => void;
  readonly warn: (message: string) => void;
}

interface Armed {
  /** What it was made from; another text means another watcher. */
  readonly key: string;
  readonly ready: Promise<void>;
  close(): Promise<void>;
}

/** The watched files of all services. Making it costs nothing: chokidar comes with the first service that watches. */
export class Watches {
  readonly #options: Options;
  readonly #armed = new Map<string, Armed>();

  constructor(options: Options) {
    this.#options = options;
  }

  /** From now on exactly these. A service whose paths did not change keeps its watcher, and loses no event. */
  watch(specs: readonly ServiceSpec[]): void {
    const wanted = new Map(specs.filter((s) => s.watch !== null).map((spec) => [spec.name, spec]));
    for (const [name, armed] of this.#armed) {
      if (wanted.has(name)) continue;
      this.#armed.delete(name);
      void armed.close();
    }
    for (const [name, spec] of wanted) this.#arm(name, spec);
  }

  /** Resolves when the first look at all files is over; changes before it may go unseen. */
  async ready(): Promise<void> {
    await Promise.all([...this.#armed.values()].map((armed) => armed.ready));
  }

  async close(): Promise<void> {
    const all = [...this.#armed.values()];
    this.#armed.clear();
    await Promise.all(all.map((armed) => armed.close()));
  }

  #arm(name: string, spec: ServiceSpec): void {
    const { paths = [], ignore = [] } = spec.watch ?? {};
    const key = JSON.stringify([spec.cwd, paths, ignore]);
    const old = this.#armed.get(name);
    if (old?.key === key) return;
    const armed = openWatch(spec, key, this.#options);
    this.#armed.set(name, armed);
    // The old one stays until the new one sees, so that no change falls between them.
    if (old !== undefined) void armed.ready.finally(() => old.close());
  }
}

function openWatch(spec: ServiceSpec, key: string, options: Options): Armed {
  const { name, cwd } = spec;
  const targets = (spec.watch?.paths ?? []).map(targetOf);
  const isIgnored = ignoredBy(spec, targets);
  const watchers: FSWatcher[] = [];
  let isClosed = false;
  const bases = [...new Set(targets.map((target) => target.base))];
  const absent = new Map<string, { close(): void }>();
  /** A folder that is not there, or not any more: seen when it comes, which is a change of all that is in it. */
  const awaitBase = (base: string): void => {
    if (isClosed || absent.has(base)) return;
    const waiting = awaitPath(base, () => {
      absent.delete(base);
      void reopen().then(() => isClosed || options.changed(name, shown(cwd, base)));
    });
    absent.set(base, waiting);
  };
  /**
   * All anew: chokidar that is given back a folder it has just lost may go on believing that it is lost.
   * What changes meanwhile is covered by the one event that follows.
   */
  const reopen = async (): Promise<void> => {
    const before = [...watchers];
    await tryOpen();
    watchers.splice(0, before.length);
    await Promise.all(before.map((watcher) => watcher.close()));
  };
  const open = async (): Promise<void> => {
    const { watch } = await import("chokidar");
    if (isClosed) return;
    const present = bases.filter((base) => existsSync(base));
    const opened = watch(present, {
      ignored: isIgnored,
      ignoreInitial: true,
      ignorePermissionErrors: true,
    });
    watchers.push(opened);
    opened.on("all", (event, path) => {
      if ((event === "unlinkDir" || event === "unlink") && bases.includes(path)) awaitBase(path);
      // A folder that comes or goes means nothing: its files have events of their own.
      if (isClosed || event === "addDir" || event === "unlinkDir") return;
      if (targets.some((target) => target.matches(path))) options.changed(name, shown(cwd, path));
    });
    opened.on("error", (error) =>
      options.warn(`cannot watch all files of ${name}: ${String(error)}`),
    );
    // With nothing to look at, it would never be ready.
    if (present.length > 0)
      await new Promise<void>((resolve) => opened.once("ready", () => resolve()));
    for (const base of bases) if (!existsSync(base)) awaitBase(base);
  };
  const tryOpen = (): Promise<void> =>
    open().catch((error) => options.warn(`cannot watch the files of ${name}: ${error}`));
  const ready = tryOpen();
  const close = async (): Promise<void> => {
    isClosed = true;
    for (const waiting of absent.values()) waiting.close();
    await Promise.all(watchers.map((watcher) => watcher.close()));
  };
  return { key, ready, close };
}

interface Target {
  /** What chokidar is told to watch. */
  readonly base: string;
  /** What may have to be looked at on the way to a match. */
  readonly wants: (path: string) => boolean;
  readonly matches: (path: string) => boolean;
}

function targetOf(path: string): Target {
  const glob = isGlob(path) ? parseGlob(path) : null;
  const base = glob?.base ?? path;
  const isBelow = (each: string) => each.startsWith(base === "/" ? base : `${base}/`);
  if (glob !== null) return { base, wants: isBelow, matches: glob.matches };
  const isIt = (each: string): boolean => each === path;
  // By its folder: an editor that saves by renaming puts another file in the place of a watched one.
  if (isFile(path)) return { base: dirname(path), wants: isIt, matches: isIt };
  return { base, wants: isBelow, matches: (each) => isIt(each) || isBelow(each) };
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/** What chokidar need not look at, asked for files and folders alike. */
function ignoredBy(spec: ServiceSpec, targets: readonly Target[]): (path: string) => boolean {
  const byUser = relativeMatcher(spec.watch?.ignore ?? []);
  return (path) => {
    if (targets.some((target) => target.base === path)) return false;
    const target = targets.find((each) => each.wants(path));
    if (target === undefined) return true;
    const parts = relative(target.base, path).split("/");
    if (parts.some((part) => NEVER_WATCHED.has(part))) return true;
    return isEditorFile(basename(path)) || byUser(relative(spec.cwd, path));
  };
}

/** Below a watched folder; a path that names one of them itself is watched. */
const NEVER_WATCHED: ReadonlySet<string> = new Set([".git", ".hg", ".svn", "node_modules"]);

/** What editors leave beside the file while they write it: vim, emacs, JetBrains, kate, the desktop. */
function isEditorFile(name: string): boolean {
  if (name === "4913" || name === ".DS_Store") return true;
  return /~$|^\.#|^#.*#$|^\..*\.sw[a-p x]$|\.kate-swp$|___jb_(?:tmp|old|bak)___$/.test(name);
}

function shown(cwd: string, path: string): string {
  return path.startsWith(`${cwd}/`) ? relative(cwd, path) : path;
}
