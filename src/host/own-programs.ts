import { fileURLToPath } from "node:url";
import { PROXY_COMMAND } from "../core/helpers.ts";
import type { ServiceSpec } from "../core/spec.ts";

/** A program of procs itself that runs as an instance. */
export interface OwnProgram {
  readonly argv: readonly string[];
  /** Beside what every instance gets. */
  readonly env: Readonly<Record<string, string>>;
}

/** What is run for an instance of `spec` in the place of its command; null: its command. */
export function ownProgram(spec: ServiceSpec, place: OwnPlace = HERE): OwnProgram | null {
  if (spec.helps !== null && spec.command[0] === PROXY_COMMAND) {
    return { argv: programAt("proxy", place), env: { PROCS_PROXIED: spec.helps } };
  }
  return null;
}

/** What runs this program, and a file of it: the supervisor's own in a release, this one elsewhere. */
export interface OwnPlace {
  readonly execPath: string;
  readonly file: string;
}

const HERE: OwnPlace = { execPath: process.execPath, file: fileURLToPath(import.meta.url) };

/** All programs are `<dist>/<folder>/main.js`, and so is every file of them two levels down. */
function programAt(folder: string, { execPath, file }: OwnPlace): readonly string[] {
  const dist = file.replace(/\/[^/]+\/[^/]+$/, "");
  return [execPath, `${dist}/${folder}/main.js`];
}
