import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { renderDiagnostic } from "../../src/config/diagnostic.ts";
import { loadProject } from "../../src/config/load.ts";

/** Each folder is one procs.yaml and the exact text that procs says about it. */
const root = join(import.meta.dirname, "diagnostics");
const update = process.env.UPDATE_DIAGNOSTICS === "1";

describe("what procs says about a wrong file", () => {
  for (const name of readdirSync(root).sort()) {
    test(name, () => {
      const folder = join(root, name);
      const expected = join(folder, "expected.txt");
      const said = textOf(folder);
      if (update && !existsSync(expected)) writeFileSync(expected, said);
      expect(said).toBe(readFileSync(expected, "utf8"));
    });
  }
});

function textOf(folder: string): string {
  const loaded = loadProject({ files: ["procs.yaml"], cwd: folder, env: {}, cpus: 4 });
  const problems = loaded.ok ? loaded.warnings : loaded.diagnostics;
  const options = { color: false, ascii: false, columns: 100 };
  const text = problems.map((problem) => renderDiagnostic(problem, options)).join("\n");
  // What depends on where the project was put.
  return text.replaceAll(folder, "<folder>");
}
