import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { renderDiagnostic } from "../../src/config/diagnostic.ts";
import { loadProject } from "../../src/config/load.ts";
import type { Project } from "../../src/core/spec.ts";
import { planFromNothing } from "../../src/supervisor/plan.ts";
import { configCase } from "./config-cases.ts";

/** Of the processor's time, which other work on the machine does not lengthen. */
const LIMIT_MS = 1_000;

/** What a case did that no file may do. */
export interface Finding {
  readonly seed: number;
  readonly what: string;
}

export interface ConfigRun {
  readonly findings: readonly Finding[];
  readonly loaded: number;
  readonly refused: number;
  readonly longestMs: number;
}

/** Reads made-up projects, as `procs validate` and `procs plan` do: nothing is started. */
export function fuzzConfig(from: number, count: number): ConfigRun {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "procs-fuzz-")));
  const findings: Finding[] = [];
  let [loaded, refused, longestMs] = [0, 0, 0];
  try {
    for (let seed = from; seed < from + count; seed++) {
      const began = process.cpuUsage();
      const { isLoaded, fault } = tryCase(seed, folder);
      const { user, system } = process.cpuUsage(began);
      const ms = (user + system) / 1_000;
      longestMs = Math.max(longestMs, ms);
      if (isLoaded) loaded += 1;
      else refused += 1;
      if (fault !== null) findings.push({ seed, what: fault });
      else if (ms > LIMIT_MS) findings.push({ seed, what: `it took ${Math.round(ms)} ms` });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return { findings, loaded, refused, longestMs };
}

function tryCase(seed: number, root: string): { isLoaded: boolean; fault: string | null } {
  const folder = join(root, String(seed));
  mkdirSync(folder);
  const files = configCase(seed);
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
  try {
    const env = { HOME: "/home/ana", A: "x".repeat(200), B: "$A" };
    const loaded = loadProject({ files: ["procs.yaml"], cwd: folder, env, cpus: 4 });
    const problems = loaded.ok ? loaded.warnings : loaded.diagnostics;
    const said = problems
      .map((one) => renderDiagnostic(one, { color: true, ascii: false, columns: 80 }))
      .join("\n");
    const given = Buffer.concat(Object.values(files)).toString();
    const fault = loaded.ok ? planned(loaded.project) : saidFault(said, given);
    return { isLoaded: loaded.ok, fault };
  } catch (error) {
    return { isLoaded: false, fault: error instanceof Error ? (error.stack ?? "") : String(error) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function saidFault(said: string, given: string): string | null {
  if (said === "") return "it was refused without a word";
  if (/\n\s+at .*:\d+:\d+|node:internal/.test(said)) return `a stack was shown: ${said}`;
  const nonsense = withoutQuoted(said).match(/\bundefined\b|\[object|\bNaN\b/g) ?? [];
  // A name with quotes in it is hard to tell from what is said about it.
  if (nonsense.some((word) => !given.includes(word))) return `nonsense was said: ${said}`;
  return said.length > 200_000 ? `${said.length} characters were said` : null;
}

/** What the file itself says may be anything. */
function withoutQuoted(said: string): string {
  return said
    .split("\n")
    .filter((line) => !/^\S*\s*\d*\s*(?:\u001b\[\S*)?[|│]/.test(line))
    .map((line) => line.replaceAll(/"[^"]*"/g, '""'))
    .join("\n");
}

/** What `procs plan` does with it. */
function planned(project: Project): string | null {
  const json = JSON.stringify(project);
  if (json.length > 50_000_000) return `the project became ${json.length} characters`;
  const plan = planFromNothing({
    project,
    select: null,
    profiles: null,
    ambient: {},
    refresh_env: false,
    no_remove: false,
    reset_scale: false,
    only: null,
  });
  return Number.isFinite(plan.summary.add) ? null : "the plan adds nothing that can be counted";
}
