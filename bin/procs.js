#!/usr/bin/env node
import { statSync } from "node:fs";

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`procs needs Node 20.19 or newer, and this is ${process.versions.node}`);
  process.exit(2);
}

// scripts/bundle.mjs puts what `procs ps` needs into one file; a bare `tsc` leaves it out, or behind.
const { main } = await import(isBundled() ? "../dist/cli/fast.js" : "../dist/cli/main.js");
await main(process.argv.slice(2));

function isBundled() {
  const [fast, whole] = ["fast", "main"].map((name) =>
    statSync(new URL(`../dist/cli/${name}.js`, import.meta.url), { throwIfNoEntry: false }),
  );
  return fast !== undefined && (whole === undefined || fast.mtimeMs >= whole.mtimeMs);
}
