import { fileURLToPath } from "node:url";
import { argvOf } from "../core/command.ts";
import { PROXY_COMMAND } from "../core/helpers.ts";
import type { InetdSettings } from "../core/inetd.ts";
import type { ServiceSpec } from "../core/spec.ts";
import { fillCommand } from "./environment.ts";

/** A program of procs itself that runs as an instance. */
export interface OwnProgram {
  readonly argv: readonly string[];
  /** Beside what every instance gets. */
  readonly env: Readonly<Record<string, string>>;
}

/** What is run for instance `slot` of `spec` in the place of its command; null: its command. */
export function ownProgram(
  spec: ServiceSpec,
  slot: number,
  place: OwnPlace = HERE,
): OwnProgram | null {
  if (spec.helps !== null && spec.command[0] === PROXY_COMMAND) {
    return { argv: programAt("proxy", place), env: { PROCS_PROXIED: spec.helps } };
  }
  const { listen } = spec;
  if (listen === null || listen.mode !== "inetd" || listen.wait) return null;
  const { max_connections, per_source, rate, idle_stop } = listen;
  const argv = argvOf(fillCommand(spec.command, slot), spec.shell);
  const { signal, timeout } = spec.stop;
  const settings: InetdSettings = {
    ...{ argv, max_connections, per_source, rate, idle_stop, stop: { signal, timeout } },
  };
  return {
    argv: programAt("inetd", place),
    env: { PROCS_INETD: JSON.stringify(settings) },
  };
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
