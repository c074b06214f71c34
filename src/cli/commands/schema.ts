import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { EXIT } from "../../errors.ts";
import type { ParsedArgs } from "../args.ts";
import type { Context } from "../context.ts";
import { KIND_NAMES, schemaOfKind } from "../json-kinds.ts";

const SCHEMA_NAME = "procs.schema.json";

export async function run(context: Context, args: ParsedArgs): Promise<number> {
  const kind = args.positionals[0] ?? null;
  if (kind !== null && kind !== "procs.yaml") {
    const schema = schemaOfKind(kind);
    if (schema === null) {
      throw args.wrongUse(`there is no kind "${kind}": they are ${KIND_NAMES.join(", ")}`);
    }
    context.out.line(JSON.stringify(schema, null, 2));
    return EXIT.ok;
  }
  const text = readFileSync(schemaFile(), "utf8");
  if (args.flag("write")) await writeBeside(context, text);
  else context.out.write(text);
  return EXIT.ok;
}

/** The schema of this package: src/cli/commands/ and dist/cli/commands/ are equally deep. */
function schemaFile(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  return join(here, "..", "..", "..", "schema", SCHEMA_NAME);
}

/** Saves the schema beside procs.yaml, and names it in the first line, which editors read. */
async function writeBeside(context: Context, text: string): Promise<void> {
  const { files, folder } = await context.place();
  const target = join(folder, SCHEMA_NAME);
  writeFileSync(target, text);
  context.say(`wrote ${target}`);
  const [file] = files;
  if (file === undefined || !existsSync(file)) return;
  const before = readFileSync(file, "utf8");
  if (before.includes("yaml-language-server: $schema=")) return;
  writeFileSync(file, `# yaml-language-server: $schema=./${SCHEMA_NAME}\n${before}`);
  context.say(`named it in the first line of ${basename(file)}`);
}
