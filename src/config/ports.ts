import type { ParsedFile } from "./files.ts";
import { type Ports, variablesOnly } from "./replace.ts";
import { expand } from "./template.ts";
import { child, type Tree } from "./tree.ts";

/** The ports that services say they have, for `${services.NAME.port}`. Later files win. */
export function portsOf(
  files: readonly ParsedFile[],
  variable: (name: string) => string | undefined,
): Ports {
  const ports = new Map<string, number | "auto" | null>();
  let usual: number | "auto" | null = null;
  for (const { tree } of files) {
    usual = portOf(child(child(tree, "defaults"), "port"), variable) ?? usual;
    const services = child(tree, "services");
    if (services?.kind !== "map") continue;
    for (const [name, { value }] of services.entries) {
      const port = portOf(child(value, "port"), variable);
      ports.set(name, port ?? ports.get(name) ?? null);
    }
  }
  return new Map([...ports].map(([name, port]) => [name, port ?? usual]));
}

function portOf(
  tree: Tree | undefined,
  variable: (name: string) => string | undefined,
): number | "auto" | null {
  if (tree?.kind !== "scalar" || tree.value === null) return null;
  // A port that hangs on another service's port is not known yet: whoever asks is told so.
  const { text, problems } = expand(tree.text, variablesOnly(variable), "all");
  if (problems.length > 0) return null;
  if (text === "auto") return "auto";
  return /^\d{1,5}$/.test(text) ? Number(text) : null;
}
