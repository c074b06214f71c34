// Runs everything that must hold, each part once, and ends with one line: `N passed, N failed`.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = (name) => join(root, "node_modules", ".bin", name);
const checks = [
  ["format and lint", bin("biome"), ["check", "--error-on-warnings", "."]],
  ["types", bin("tsc"), ["-p", "tsconfig.json"]],
  ["types of core", bin("tsc"), ["-p", "src/core"]],
  ["unused code", bin("knip"), ["--no-progress"]],
];
const onlyChecks = process.argv.includes("--checks");

let passed = 0;
let failed = 0;
let skipped = 0;
for (const [name, command, args] of checks) {
  const ok = run(command, args);
  console.log(`${ok ? "ok" : "FAILED"}  ${name}`);
  if (ok) passed++;
  else failed++;
}
if (!onlyChecks) runVitest();
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
process.exitCode = failed === 0 ? 0 : 1;

function runVitest() {
  const folder = mkdtempSync(join(tmpdir(), "procs-test-"));
  const report = join(folder, "report.json");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const ok = run(bin("vitest"), ["run", ...reporters, ...process.argv.slice(2)]);
  try {
    const result = JSON.parse(readFileSync(report, "utf8"));
    passed += result.numPassedTests;
    skipped += result.numPendingTests;
    // A file that cannot be loaded fails without a failed test; so does an error outside of any test.
    const broken = result.testResults.filter(
      (f) => f.status === "failed" && f.assertionResults.length === 0,
    );
    failed += result.numFailedTests + broken.length;
    if (!ok && result.numFailedTests + broken.length === 0) failed++;
  } catch {
    failed++;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(command, args) {
  return (
    spawnSync(command, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] }).status === 0
  );
}
