import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, test } from "vitest";

const ROOT = resolve(import.meta.dirname, "..");
const LINES_MAX = 300;

/**
 * Who may import whom. A row: what a folder's files may import beside their own folder. `types` rows are
 * allowed in `import type` only. What is not named is refused; node: and packages are named one by one.
 */
const IMPORTS: Record<string, { ours: string[]; types?: string[]; outside: RegExp }> = {
  "assert.ts": { ours: [], outside: /^$/ },
  "errors.ts": { ours: [], outside: /^$/ },
  "version.ts": { ours: [], outside: /^node:(fs|path|url|module)$/ },
  "paths.ts": { ours: [], outside: /^node:(crypto|path)$/ },
  core: { ours: ["assert.ts"], outside: /^$/ },
  logs: { ours: ["assert.ts", "errors.ts"], types: ["core"], outside: /^(node:|chalk$)/ },
  config: {
    ours: ["assert.ts", "errors.ts", "core"],
    outside: /^(node:(fs|path|url|buffer|util|net)$|yaml|ajv)/,
  },
  control: {
    ours: ["assert.ts", "errors.ts", "paths.ts", "version.ts"],
    types: ["core"],
    outside: /^node:/,
  },
  host: {
    ours: ["assert.ts", "errors.ts", "paths.ts", "logs", "core"],
    outside: /^(node:|chokidar$|croner$)/,
  },
  supervisor: {
    ours: [
      "assert.ts",
      "errors.ts",
      "paths.ts",
      "version.ts",
      "core",
      "config",
      "logs",
      "control",
      "host",
    ],
    outside: /^(node:|chokidar$)/,
  },
  inetd: { ours: [], types: ["core"], outside: /^node:/ },
  preload: { ours: [], outside: /^node:/ },
  proxy: { ours: ["control"], outside: /^node:/ },
  engines: {
    ours: ["assert.ts", "errors.ts", "paths.ts", "version.ts", "core", "control", "supervisor"],
    outside: /^node:/,
  },
  cli: {
    ours: [
      "assert.ts",
      "errors.ts",
      "paths.ts",
      "version.ts",
      "core",
      "config",
      "control",
      "logs",
      "engines",
    ],
    outside: /^(node:|commander$|chalk$|yaml$)/,
  },
};

const sources = filesBelow("src").filter((file) => file.endsWith(".ts"));

test("every import is one that the table allows", () => {
  const refused = sources.flatMap((file) =>
    importsOf(file)
      .filter((found) => !isAllowed(file, found))
      .map((found) => `${file}: ${found.from}. The table in test/tidy.test.ts does not allow it`),
  );
  expect(refused).toEqual([]);
});

test("no file is longer than can be read at once", () => {
  const long = [...sources, ...filesBelow("test"), ...filesBelow("scripts")]
    .filter((file) => /\.(ts|mjs)$/.test(file) && !file.includes(".gen."))
    .filter((file) => read(file).split("\n").length > LINES_MAX + 1)
    .map((file) => `${file}: over ${LINES_MAX} lines. Split it by what it does`);
  expect(long).toEqual([]);
});

test("core knows no clock, no process and no chance", () => {
  const banned =
    /(?<![.\w])(Date|setTimeout|setInterval|setImmediate|process|console|performance|Promise|async|await)\b(?!["'`:])|Math\.random/;
  const found = sources
    .filter((file) => file.startsWith("src/core/"))
    .flatMap((file) =>
      withoutText(read(file))
        .split("\n")
        .flatMap((line, index) =>
          banned.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [],
        ),
    );
  expect(found).toEqual([]);
});

test("every folder of src has its tests beside it, under the same name", () => {
  const folders = readdirSync(join(ROOT, "src"), { withFileTypes: true }).filter((e) =>
    e.isDirectory(),
  );
  const missing = folders.filter((e) => !existsSync(join(ROOT, "test", e.name))).map((e) => e.name);
  expect(missing).toEqual([]);
});

test("a test file mirrors a source file, or says of what kind it is", () => {
  const kinds =
    /^test\/(scenarios|simulator|contract|rig|hostile|chaos)\/|\.property\.test\.ts$|^test\/(tidy|examples|docs)\.test\.ts$/;
  const stray = filesBelow("test")
    .filter((file) => file.endsWith(".test.ts") && !kinds.test(file))
    .filter(
      (file) => !existsSync(join(ROOT, file.replace(/^test/, "src").replace(/\.test\.ts$/, ".ts"))),
    )
    .map((file) => `${file}: no such file in src. Move it to test/scenarios, or rename it`);
  expect(stray).toEqual([]);
});

test("tests use no mocks, no fake timers, and no skipped cases without a notice", () => {
  const banned =
    /vi\.(mock|useFakeTimers|stubGlobal)|\b(test|it|describe)\.(only|skip)\(|\b(test|it)\.todo/;
  const found = filesBelow("test")
    .filter((file) => file.endsWith(".ts") && !file.endsWith("tidy.test.ts"))
    .filter((file) => banned.test(read(file)));
  expect(found).toEqual([]);
});

test("ARCHITECTURE.md names every folder of src", () => {
  const text = read("ARCHITECTURE.md");
  const folders = readdirSync(join(ROOT, "src"), { withFileTypes: true }).filter((e) =>
    e.isDirectory(),
  );
  expect(folders.filter((e) => !text.includes(`src/${e.name}/`)).map((e) => e.name)).toEqual([]);
});

interface Found {
  readonly from: string;
  readonly isType: boolean;
}

function importsOf(file: string): Found[] {
  const statements =
    /^\s*(?:import|export)\s+(type\s)?[^;"']*?\bfrom\s+["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']\s*\)|^\s*import\s+["']([^"']+)["']/gm;
  return [...read(file).matchAll(statements)].map((match) => ({
    from: match[2] ?? match[3] ?? match[4] ?? "",
    isType: match[1] !== undefined,
  }));
}

function isAllowed(file: string, found: Found): boolean {
  const place = placeOf(file);
  const row = IMPORTS[place];
  if (row === undefined) return false;
  if (!found.from.startsWith(".")) return row.outside.test(found.from);
  const target = placeOf(relative(ROOT, resolve(ROOT, dirname(file), found.from)));
  if (target === place || row.ours.includes(target)) return true;
  return found.isType && (row.types?.includes(target) ?? false);
}

/** `src/core/spec.ts` -> `core`; `src/errors.ts` -> `errors.ts`. */
function placeOf(file: string): string {
  return file.split("/")[1] ?? "";
}

/** Text in comments, strings and templates does not count. */
function withoutText(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, " "))
    .replace(/\/\/.*$/gm, "")
    .replace(/"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g, '""');
}

function filesBelow(folder: string): string[] {
  const entries = readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .sort();
}

function read(file: string): string {
  return readFileSync(join(ROOT, file), "utf8");
}
