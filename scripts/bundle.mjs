// Puts what `procs ps` needs into one file, dist/cli/fast.js: loading forty small modules takes a third of its time.
// And the supervisor into another, dist/supervisor/main.js: it takes over from a dead one the sooner for it.
// The preload goes into two files of CommonJS for any Node: see src/preload/main.ts.
// Everything else stays where tsc put it and is imported from there, so that each module exists once:
// what is inlined here keeps no state, and errors.js, whose class is compared, is not inlined.
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const HOT =
  /\/(cli\/(main|args|suggest|commands|create-context|output|paint|project|signals|globals|fields|render-instances|render-ps|clean|format|symbols|table|width|take-snapshot)|cli\/catalog\/\w+|cli\/commands\/ps|logs\/clean|engines\/(local|operating|returning|retold|way|handing-over)|control\/(client|wire|failure|protocol|address|listens|others|trust)|config\/(find|source)|version|paths)\.js$/;

/** Read only when a file is looked at, which most supervisors never do. */
const APART = /\/(config\/load|errors)\.js$/;

/** `dist` is a folder that tsc has filled. */
export async function bundle(dist) {
  rmSync(`${dist}/cli/fast.js`, { force: true });
  await intoOne(`${dist}/cli/main.js`, `${dist}/cli/fast.js`, (id) => !HOT.test(id));
  // Below `dist` it is ours, wherever that is: the tests have theirs in node_modules/.cache.
  const isPackage = (id) => !id.startsWith(dist) && id.includes("/node_modules/");
  const isApart = (id) => isPackage(id) || APART.test(id);
  await intoOne(`${dist}/supervisor/main.js`, `${dist}/supervisor/main.js`, isApart);
  for (const name of ["proxy", "inetd"]) {
    const file = `${dist}/${name}/main.js`;
    if (existsSync(file)) await intoOne(file, file, isApart);
  }
  await bundlePreload(`${dist}/preload`, `${dist}/preload`);
}

/** From the folder of its modules, compiled or not, into a folder where a Node of a service can load it. */
export async function bundlePreload(from, to) {
  const names = readdirSync(from);
  // Services run in older Nodes than procs does: there it must load, and do nothing.
  for (const [name, target] of [
    ["main", "es2018"],
    ["sockets", "node18"],
  ]) {
    const input = `${from}/${names.includes(`${name}.js`) ? `${name}.js` : `${name}.ts`}`;
    const build = await rolldown({
      ...{ input, platform: "node", logLevel: "silent" },
      external: [/^node:/, "./sockets.cjs"],
      transform: { target },
    });
    const made = await build.generate({ format: "cjs", codeSplitting: false, comments: false });
    await build.close();
    mkdirSync(to, { recursive: true });
    const text = made.output[0].code.replaceAll('require("node:', 'require("');
    writeFileSync(`${to}/${name}.cjs`, `"use strict";\n${text}`);
  }
}

async function intoOne(input, file, isApart) {
  const build = await rolldown({
    ...{ input, platform: "node", logLevel: "silent" },
    external: (id, _importer, isResolved) => isResolved && isApart(id),
  });
  await build.write({ file, format: "esm", codeSplitting: false, comments: false });
  await build.close();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , first, from, to] = process.argv;
  if (first === "--preload") await bundlePreload(from, to);
  else await bundle(first ?? fileURLToPath(new URL("../dist", import.meta.url)));
}
