// Makes a clone ready to run: dependencies as locked, then the build. Needs Node alone; safe to repeat.
import { spawnSync } from "node:child_process";
import { existsSync, lstatSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`procs needs Node 20.19 or newer; this is ${process.versions.node}`);
  process.exit(1);
}
if (!isInstalled()) install();
build();

/**
 * As locked. A registry that has the packages of one platform only makes `npm ci` refuse a lock that was
 * written elsewhere; then the same versions are installed without that check, and nothing is saved.
 */
function install() {
  const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];
  if (!works("npm", ["ci", ...quiet])) run("npm", ["install", "--no-save", ...quiet]);
}

/**
 * npm writes its own lock file last, so an older one means an interrupted or outdated install. A
 * node_modules that is a link is somebody else's: installing would empty it through the link.
 */
function isInstalled() {
  const done = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(done)) return false;
  if (lstatSync(join(root, "node_modules")).isSymbolicLink()) return true;
  return statSync(done).mtimeMs >= statSync(join(root, "package-lock.json")).mtimeMs;
}

/** A fresh dist/ each time: a file that was removed from src/ must not live on there. */
function build() {
  const out = join(root, "dist");
  rmSync(out, { recursive: true, force: true });
  run(process.execPath, [
    join(root, "node_modules/typescript/bin/tsc"),
    "-p",
    "tsconfig.build.json",
  ]);
  run(process.execPath, [join(root, "scripts/bundle.mjs")]);
}

function run(command, args) {
  if (!works(command, args)) process.exit(1);
}

function works(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ["ignore", 2, 2] });
  if (error) console.error(`${command}: ${error.message}`);
  return status === 0;
}
