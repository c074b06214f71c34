import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const CACHE = join(ROOT, "node_modules", ".cache", "procs-built");
const UNUSED_MS = 60 * 60_000;

let folder: string | null = null;

/**
 * The folder of this package as it would be installed, compiled from the sources as they are now: `dist/`,
 * `bin/`, `schema/`. Made once for the same sources, also by several test workers at a time.
 */
export function builtPackage(): string {
  folder ??= build();
  return folder;
}

function build(): string {
  const target = join(CACHE, fingerprint());
  if (!existsSync(target)) {
    const temporary = `${target}.${process.pid}`;
    mkdirSync(temporary, { recursive: true });
    compile(join(temporary, "dist"));
    for (const name of ["package.json", "bin", "schema"]) {
      cpSync(join(ROOT, name), join(temporary, name), { recursive: true });
    }
    symlinkSync(join(ROOT, "node_modules"), join(temporary, "node_modules"));
    try {
      renameSync(temporary, target);
    } catch {
      // Another worker was faster.
      rmSync(temporary, { recursive: true, force: true });
    }
  }
  const now = new Date();
  utimesSync(target, now, now);
  removeOld();
  return target;
}

/** What does not type-check is still compiled: that is the business of another check. */
function compile(output: string): void {
  const tsc = join(ROOT, "node_modules", ".bin", "tsc");
  const args = ["-p", join(ROOT, "tsconfig.build.json"), "--outDir", output];
  try {
    execFileSync(tsc, args, { cwd: ROOT, stdio: "pipe" });
  } catch (error) {
    if (!existsSync(join(output, "supervisor", "main.js"))) throw error;
  }
  execFileSync(process.execPath, [join(ROOT, "scripts/bundle.mjs"), output], { stdio: "pipe" });
}

function fingerprint(): string {
  const hash = createHash("sha256");
  for (const file of filesBelow(join(ROOT, "src"))) {
    const { mtimeMs, size } = statSync(file);
    hash.update(`${file} ${mtimeMs} ${size}\n`);
  }
  return hash.digest("hex").slice(0, 16);
}

function filesBelow(path: string): readonly string[] {
  const entries = readdirSync(path, { withFileTypes: true });
  return entries.flatMap((entry) => {
    const full = join(path, entry.name);
    return entry.isDirectory() ? filesBelow(full) : [full];
  });
}

function removeOld(): void {
  for (const name of readdirSync(CACHE)) {
    const path = join(CACHE, name);
    const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > UNUSED_MS) rmSync(path, { recursive: true, force: true });
  }
}
