import { readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Diagnostic } from "../errors.ts";

const NAMES: readonly string[] = ["procs.yaml", "procs.yml"];

/**
 * The project's file, absolute: `$PROCS_FILE`, else procs.yaml or procs.yml in `cwd` or the nearest
 * folder above; null when there is none. A file that `$PROCS_FILE` names need not exist.
 */
export function findProjectFile(
  cwd: string,
  env: Readonly<Record<string, string | undefined>>,
): string | null {
  if (env.PROCS_FILE) return resolve(cwd, env.PROCS_FILE);
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    for (const name of NAMES) if (isFile(join(folder, name))) return join(folder, name);
    if (folder === dirname(folder)) return null;
  }
}

/** What to say when there is no file: what else was found in the folder, and a first procs.yaml made of it. */
export function noFileProblem(cwd: string): Diagnostic {
  const scripts = packageScripts(join(cwd, "package.json"));
  const lines = procfileLines(join(cwd, "Procfile"));
  const base = { code: "P100", severity: "error" } as const;
  const message = "no procs.yaml here or above";
  if (lines.length > 0) {
    const found = `Found Procfile with ${lines.map(([name]) => name).join(", ")}`;
    return { ...base, message: `${message}. ${found}`, help: [firstFile(lines)] };
  }
  if (scripts !== null) {
    const chosen = chosenScripts(scripts);
    const found =
      chosen.length === 0 ? "Found package.json" : `Found package.json with ${chosen.join(", ")}`;
    const services = chosen.map(
      (script): Line => [script.replace(/[^A-Za-z0-9_-]+/g, "-"), `npm run ${script}`],
    );
    return { ...base, message: `${message}. ${found}`, help: [firstFile(services)] };
  }
  return { ...base, message, help: [firstFile([])] };
}

type Line = readonly [name: string, command: string];

/** More would not be read. */
const SHOWN_MAX = 5;

function firstFile(lines: readonly Line[]): string {
  const services: readonly Line[] = lines.length > 0 ? lines : [["web", "npm start"]];
  const text = services
    .slice(0, SHOWN_MAX)
    .map(([name, command]) => `  ${name}:\n    command: ${command}`);
  return `write procs.yaml:\nservices:\n${text.join("\n")}`;
}

/** Those that keep running: what builds, tests or lints is no service. */
function chosenScripts(scripts: readonly string[]): readonly string[] {
  const dev = scripts.filter((name) => /^(?:dev|start:dev|dev:.+)$/.test(name));
  const parts = dev.filter((name) => name.startsWith("dev:"));
  if (parts.length > 0) return parts.slice(0, SHOWN_MAX);
  return dev.length > 0 ? dev : scripts.filter((name) => name === "start");
}

function packageScripts(path: string): readonly string[] | null {
  try {
    const data: unknown = JSON.parse(readFileSync(path, "utf8"));
    const scripts =
      typeof data === "object" && data !== null && "scripts" in data ? data.scripts : {};
    return typeof scripts === "object" && scripts !== null ? Object.keys(scripts) : [];
  } catch {
    return null;
  }
}

function procfileLines(path: string): readonly Line[] {
  try {
    return readFileSync(path, "utf8")
      .split("\n")
      .flatMap((line): Line[] => {
        const match = /^([A-Za-z0-9][A-Za-z0-9_-]*):\s*(\S.*)$/.exec(line);
        return match === null ? [] : [[match[1] ?? "", match[2] ?? ""]];
      });
  } catch {
    return [];
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
