import { parseAddress } from "./addresses.ts";
import type { ParsedFile } from "./files.ts";
import { type Ports, variablesOnly } from "./replace.ts";
import { expand } from "./template.ts";
import { child, type Tree } from "./tree.ts";

/** The ports that services say they have, for `${services.NAME.port}`. Later files win; what procs binds goes first. */
export function portsOf(
  files: readonly ParsedFile[],
  variable: (name: string) => string | undefined,
): Ports {
  const ports = new Map<string, number | "auto" | null>();
  let usual: number | "auto" | null = null;
  for (const { tree } of files) {
    usual = ownPort(child(tree, "defaults"), variable) ?? usual;
    const services = child(tree, "services");
    if (services?.kind !== "map") continue;
    for (const [name, { value }] of services.entries) {
      ports.set(name, ownPort(value, variable) ?? ports.get(name) ?? null);
    }
  }
  return new Map([...ports].map(([name, port]) => [name, port ?? usual]));
}

function ownPort(
  service: Tree | undefined,
  variable: (name: string) => string | undefined,
): number | "auto" | null {
  return listenPort(child(service, "listen"), variable) ?? portOf(child(service, "port"), variable);
}

/** The first TCP port of `listen`, in any of its forms. */
function listenPort(
  tree: Tree | undefined,
  variable: (name: string) => string | undefined,
): number | null {
  if (tree?.kind === "map") return listenPort(child(tree, "port"), variable);
  for (const item of tree?.kind === "list" ? tree.items : [tree]) {
    const text = textOf(item, variable);
    const address = text === null ? null : parseAddress(text);
    if (address !== null && "kind" in address && address.kind === "tcp") return address.port;
  }
  return null;
}

function portOf(
  tree: Tree | undefined,
  variable: (name: string) => string | undefined,
): number | "auto" | null {
  const text = textOf(tree, variable);
  if (text === "auto") return "auto";
  return text !== null && /^\d{1,5}$/.test(text) ? Number(text) : null;
}

/** Null too when it hangs on another service's port: that is not known yet, and whoever asks is told so. */
function textOf(
  tree: Tree | undefined,
  variable: (name: string) => string | undefined,
): string | null {
  if (tree?.kind !== "scalar" || tree.value === null) return null;
  const { text, problems } = expand(tree.text, variablesOnly(variable), "all");
  return problems.length > 0 ? null : text;
}
