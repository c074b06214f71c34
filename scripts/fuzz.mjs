// Compiles the fuzzers with what they try, then runs them: Node 20 reads no TypeScript.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const root = join(import.meta.dirname, "..");
const out = join(root, "node_modules", ".cache", "hostile");
try {
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  execFileSync(process.execPath, [tsc, "-p", join(root, "test", "hostile")], { stdio: "inherit" });
} catch (error) {
  // What does not type-check is compiled all the same: that is the business of another check.
  if (!existsSync(join(out, "test", "hostile", "main.js"))) throw error;
}
writeFileSync(join(out, "package.json"), '{ "type": "module" }\n');
// The cases are made from these, which the compiler does not copy.
for (const name of ["schema", "examples"]) link(join(root, name), join(out, name));
link(join(root, "test/config/diagnostics"), join(out, "test/config/diagnostics"));
process.env.PROCS_FUZZ_ROOT = root;
await import(join(out, "test", "hostile", "main.js"));

function link(to, from) {
  mkdirSync(dirname(from), { recursive: true });
  try {
    symlinkSync(to, from);
  } catch {
    // It is there.
  }
}
