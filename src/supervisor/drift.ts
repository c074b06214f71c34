import { statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { usableCpus } from "../config/cpus.ts";
import type { PlanRequest } from "../control/protocol.ts";
import type { Snapshot } from "../control/snapshot.ts";
import { sameSpec } from "../core/diff.ts";
import type { PlanDoc } from "../core/plan-doc.ts";
import type { Project } from "../core/spec.ts";
import type { Diagnostic } from "../errors.ts";
import { nextBasis } from "./desire.ts";
import { planOf } from "./plan.ts";
import type { Session } from "./session.ts";

/** What the file says now: a project, or what is wrong with it. */
export type Reading =
  | { readonly kind: "read"; readonly project: Project }
  | { readonly kind: "invalid"; readonly diagnostics: readonly Diagnostic[] };

/**
 * Whether the file says something else than what runs. The file is read again only when one of its inputs
 * has another size or time of change than at the last look.
 */
export class Drift {
  readonly #session: Session;
  #signature = "";
  #reading: Promise<Reading> | null = null;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Is another text whenever an input has changed. */
  stamp(): string {
    const { project } = this.#session.basis;
    return project === null ? "" : signatureOf(project.inputs);
  }

  /** The file as it is now, with the variables that were there when it was last applied. */
  read(): Promise<Reading> | null {
    const { project, ambient } = this.#session.basis;
    if (project === null) return null;
    const signature = signatureOf(project.inputs);
    if (this.#reading === null || signature !== this.#signature) {
      this.#signature = signature;
      const reading = readAgain(project, ambient ?? {});
      this.#reading = reading;
      // With no descriptors left, say: looked at again when somebody asks again.
      reading.catch(() => {
        if (this.#reading === reading) this.#reading = null;
      });
    }
    return this.#reading;
  }

  /**
   * The file was just applied as a client read it. An input that changed a moment ago may have changed after
   * that, so then it is read again when somebody asks.
   */
  applied(project: Project): void {
    const signature = signatureOf(project.inputs);
    if (signature === this.#signature || !areOld(project.inputs)) return;
    this.#signature = signature;
    this.#reading = Promise.resolve({ kind: "read", project });
  }

  /** null before the first `up`, and while the file is not valid. */
  async plan(): Promise<PlanDoc | null> {
    const reading = await this.read();
    if (reading?.kind !== "read") return null;
    const request = requestFor(reading.project);
    return planOf(this.#session, nextBasis(this.#session.basis, request), { request });
  }

  async summary(): Promise<Snapshot["drift"]> {
    // What runs can be told also when the file cannot be looked at.
    const reading = await this.read()?.catch(() => null);
    if (reading?.kind !== "read") return null;
    // Nearly always there is nothing to tell, and a whole plan would be the dearest part of `ps`.
    if (this.#isAsApplied(reading.project)) return { changed: false, edits: 0, plan: NO_EDITS };
    const plan = await this.plan();
    if (plan === null) return null;
    const edits = plan.services.reduce((sum, one) => sum + editsOf(one), 0);
    return { changed: plan.changed, edits, plan: plan.id };
  }

  #isAsApplied(project: Project): boolean {
    const { basis, core } = this.#session;
    for (const service of core.observed.services.values()) {
      if (service.rejected !== null) return false;
    }
    const { services } = nextBasis(basis, requestFor(project)).desired;
    if (services.size !== basis.desired.services.size) return false;
    return [...services].every(([name, spec]) => {
      const applied = basis.desired.services.get(name);
      return applied !== undefined && sameSpec(applied, spec);
    });
  }
}

/** Asks for what the file says, and keeps everything else as it is. */
export function requestFor(project: Project): PlanRequest {
  return {
    project,
    select: null,
    profiles: null,
    ambient: {},
    refresh_env: false,
    no_remove: false,
    reset_scale: false,
    only: null,
  };
}

/** The id of a plan in which nothing changes. */
const NO_EDITS = "00000000";

/** Changed keys; a service that comes or goes is one edit. */
function editsOf(service: PlanDoc["services"][number]): number {
  if (service.symbol === "=") return 0;
  return service.symbol === "+" || service.symbol === "-" ? 1 : Math.max(1, service.changes.length);
}

async function readAgain(
  project: Project,
  ambient: Readonly<Record<string, string>>,
): Promise<Reading> {
  // The reader of the file is big: a supervisor whose file nobody edits never loads it.
  const { loadProject } = await import("../config/load.ts");
  const env: Record<string, string> = { ...ambient };
  for (const [name, value] of Object.entries(project.variables)) {
    if (value === null) delete env[name];
    else env[name] = value;
  }
  const cpus = usableCpus(availableParallelism());
  const given = project.files ?? [];
  const files = given.length > 0 ? given : [project.file];
  const loaded = loadProject({ files, env, cwd: project.folder, cpus });
  return loaded.ok
    ? { kind: "read", project: loaded.project }
    : { kind: "invalid", diagnostics: loaded.diagnostics };
}

/** How long an input must have been left alone to be sure that what a client read is what it holds. */
const LEFT_ALONE_MS = 60_000;

function areOld(paths: readonly string[]): boolean {
  const since = Date.now() - LEFT_ALONE_MS;
  return paths.every((path) => {
    const stats = statSync(path, { throwIfNoEntry: false });
    return stats === undefined || stats.mtimeMs < since;
  });
}

function signatureOf(paths: readonly string[]): string {
  return paths.map(stampOf).join("\n");
}

function stampOf(path: string): string {
  try {
    const { mtimeMs, size, ino } = statSync(path);
    return `${mtimeMs} ${size} ${ino}`;
  } catch {
    return "absent";
  }
}
