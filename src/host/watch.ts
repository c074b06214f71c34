import { basename, relative } from "node:path";
import type { FSWatcher } from "chokidar";
import type { ServiceSpec } from "../core/spec.ts";
import { type Glob, isGlob, parseGlob, relativeMatcher } from "./glob.ts";

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
  let watcher: FSWatcher | null = null;
  let isClosed = false;
  const open = async (): Promise<void> => {
    const { watch } = await import("chokidar");
    if (isClosed) return;
    const opened = watch(
      targets.map((target) => target.base),
      { ignored: isIgnored, ignoreInitial: true, ignorePermissionErrors: true },
    );
    watcher = opened;
    opened.on("all", (event, path) => {
      // A folder that comes or goes means nothing: its files have events of their own.
      if (isClosed || event === "addDir" || event === "unlinkDir") return;
      if (targets.some((target) => target.matches(path))) options.changed(name, shown(cwd, path));
    });
    opened.on("error", (error) =>
      options.warn(`cannot watch all files of ${name}: ${String(error)}`),
    );
    await new Promise<void>((resolve) => opened.once("ready", () => resolve()));
  };
  const ready = open().catch((error) =>
    options.warn(`cannot watch the files of ${name}: ${error}`),
  );
  const close = async (): Promise<void> => {
    isClosed = true;
    await watcher?.close();
  };
  return { key, ready, close };
}

function targetOf(path: string): Glob {
  if (isGlob(path)) return parseGlob(path);
  return { base: path, matches: (each) => each === path || each.startsWith(`${path}/`) };
}

/** What chokidar need not look at, asked for files and folders alike. */
function ignoredBy(spec: ServiceSpec, targets: readonly Glob[]): (path: string) => boolean {
  const byUser = relativeMatcher(spec.watch?.ignore ?? []);
  const bases = targets.map((target) => target.base);
  return (path) => {
    if (bases.includes(path)) return false;
    const base = bases.find((each) => path.startsWith(each === "/" ? each : `${each}/`));
    const below = base === undefined ? path : relative(base, path);
    if (below.split("/").some((part) => NEVER_WATCHED.has(part))) return true;
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
