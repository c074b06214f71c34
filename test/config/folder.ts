import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { renderDiagnostic } from "../../src/config/diagnostic.ts";
import { type Loaded, loadProject } from "../../src/config/load.ts";
import type { Project, ServiceSpec } from "../../src/core/spec.ts";

/** A folder with these files, gone when the test ends. Its real path. */
export function folderWith(files: Readonly<Record<string, string | Buffer>>): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "procs-config-")));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

export interface LoadSettings {
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: readonly string[];
  readonly cpus?: number;
}

export function load(cwd: string, settings: LoadSettings = {}): Loaded {
  const { env = {}, files = ["procs.yaml"], cpus = 4 } = settings;
  return loadProject({ files, cwd, env, cpus });
}

/** The project in a folder. Fails with what is wrong with it. */
export function projectIn(cwd: string, settings: LoadSettings = {}): Project {
  const loaded = load(cwd, settings);
  if (loaded.ok) return loaded.project;
  throw new Error(said(loaded));
}

/** The one service of a procs.yaml that declares `a`. */
export function serviceOf(yaml: string, settings: LoadSettings = {}): ServiceSpec {
  const [service] = projectIn(folderWith({ "procs.yaml": yaml }), settings).services;
  if (service === undefined) throw new Error("no service");
  return service;
}

/** What is said about a procs.yaml, as text. */
export function said(loaded: Loaded): string {
  const problems = loaded.ok ? loaded.warnings : loaded.diagnostics;
  const options = { color: false, ascii: false, columns: 100 };
  return problems.map((problem) => renderDiagnostic(problem, options)).join("\n");
}

export function codesOf(yaml: string, settings: LoadSettings = {}): readonly string[] {
  const loaded = load(folderWith({ "procs.yaml": yaml }), settings);
  return loaded.ok ? [] : loaded.diagnostics.map((problem) => problem.code);
}
