// Puts what `procs ps` needs into one file, dist/cli/fast.js: loading forty small modules takes a third of its time.
// Everything else stays where tsc put it and is imported from there, so that each module exists once:
// what is inlined here keeps no state, and errors.js, whose class is compared, is not inlined.
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const HOT =
  /\/(cli\/(main|args|suggest|commands|create-context|output|paint|project|signals|globals|fields|render-instances|render-ps|clean|format|symbols|table|width|take-snapshot)|cli\/catalog\/\w+|cli\/commands\/ps|logs\/clean|engines\/local|control\/(client|wire|failure|protocol)|config\/(find|source)|version|paths)\.js$/;

/** `dist` is a folder that tsc has filled. */
export async function bundle(dist) {
  rmSync(`${dist}/cli/fast.js`, { force: true });
  const build = await rolldown({
    input: `${dist}/cli/main.js`,
    platform: "node",
    external: (id, _importer, isResolved) => isResolved && !HOT.test(id),
    logLevel: "silent",
  });
  await build.write({
    file: `${dist}/cli/fast.js`,
    format: "esm",
    codeSplitting: false,
    comments: false,
  });
  await build.close();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await bundle(process.argv[2] ?? fileURLToPath(new URL("../dist", import.meta.url)));
}
