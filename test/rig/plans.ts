import { type Desired, NOTHING } from "../../src/core/desired.ts";
import { EMPTY } from "../../src/core/fold.ts";
import { foresee } from "../../src/core/ideal.ts";
import type { Observed } from "../../src/core/observed.ts";
import type { PlanDoc } from "../../src/core/plan-doc.ts";
import { type PreviewOptions, preview } from "../../src/core/preview.ts";
import type { ServiceSpec } from "../../src/core/spec.ts";
import { services } from "./specs.ts";

/** A project whose file has these services. */
export function wanting(...specs: readonly ServiceSpec[]): Desired {
  return { ...NOTHING, services: services(...specs) };
}

/** The same project and what was asked by hand in it, with another file. */
export function refiled(desired: Desired, ...specs: readonly ServiceSpec[]): Desired {
  return { ...desired, services: services(...specs) };
}

/** What runs after `procs up` of it when all goes well, a minute later. */
export function running(desired: Desired): Observed {
  return foresee(desired, EMPTY, 0).observed;
}

export const NOW = 60_000;

/** The plan of an edit of what runs, given both files. */
export function planOf(
  before: Desired,
  after: Desired,
  options: Partial<PreviewOptions> & { readonly observed?: Observed } = {},
): PlanDoc {
  const { observed = running(before), ...rest } = options;
  const defaults = { projectName: "shop", sources: {}, noRemove: false };
  return preview(before, after, observed, NOW, { ...defaults, ...rest });
}

/** A plan as text, to be compared whole: a block for each service, then the steps. */
export function planText(doc: PlanDoc): string {
  const lines: string[] = [];
  for (const service of doc.services) {
    const because = service.reason === null ? "" : ` [${service.reason}]`;
    lines.push(
      `${service.symbol.padStart(3)} ${service.service.padEnd(8)} ${service.words}${because}`,
    );
    for (const { path, from, to, redacted, source } of service.changes) {
      const where = source === null ? "" : `  ${source.file}:${source.line}`;
      lines.push(`      ${path}  ${redacted ? "secret changed" : `${from} -> ${to}`}${where}`);
    }
    for (const note of service.notes) lines.push(`      (${note})`);
  }
  const { add, change, remove, unchanged } = doc.summary;
  lines.push(
    `    = ${add} to add, ${change} to change, ${remove} to remove, ${unchanged} unchanged`,
  );
  return [...lines, ...doc.steps.map((step) => `    > ${step}`)].join("\n");
}
