// Compiles the simulator with the core it runs, then runs it: Node 20 reads no TypeScript.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const out = join(root, "node_modules", ".cache", "simulator");
execFileSync(
  process.execPath,
  [join(root, "node_modules", "typescript", "bin", "tsc"), "-p", join(root, "test", "simulator")],
  { stdio: "inherit" },
);
writeFileSync(join(out, "package.json"), '{ "type": "module" }\n');
await import(join(out, "test", "simulator", "main.js"));
