import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { renderDiagnostic } from "../../src/config/diagnostic.ts";
import { folderWith, load, said } from "./folder.ts";

/** Of the processor's time, which other work on the machine does not lengthen. */
const LIMIT_MS = 1_000;

const SEED = `name: shop
env_file: [{ path: .env, required: false }]
env: &env { NODE_ENV: development, A: "\${HOME:-x}" }
x-base: &base { restart: on-failure, stop: { timeout: 5s } }
defaults: { labels: { team: pay } }
services:
  db:
    <<: *base
    command: postgres -D data
    ready: { tcp: 5432, timeout: 30s }
  migrate: { kind: task, command: [npm, run, migrate], depends_on: { db: ready } }
  api:
    command: |
      node server.js --port $PORT
    port: 3000
    instances: 2
    env: *env
    depends_on: [db, migrate]
    watch: { paths: ["src"], action: { run: make, then: restart } }
`;

const corpus = [
  SEED,
  ...readdirSync(join(import.meta.dirname, "diagnostics")).map((name) =>
    readFileSync(join(import.meta.dirname, "diagnostics", name, "procs.yaml"), "utf8"),
  ),
];

const PIECES = [
  "\t",
  "  ",
  "\n",
  ": ",
  "- ",
  "[",
  "]",
  "{",
  "}",
  '"',
  "'",
  "*a",
  "&a ",
  "<<: ",
  "${",
  "}",
  "$",
  "#",
  "|",
  ">",
  "?",
  "!",
  "%",
  "---\n",
  "\0",
  "\u{1f600}",
  "\r\n",
  "services",
  "command",
  "null",
  "0",
  "99999999999",
  "\ufeff",
  "__proto__",
  "constructor",
];

/** Parts of the file cut out, doubled, moved, or replaced by what YAML finds special. */
const mutated = fc
  .tuple(
    fc.constantFrom(...corpus),
    fc.array(
      fc.record({
        at: fc.nat(),
        length: fc.nat(20),
        piece: fc.constantFrom(...PIECES),
        times: fc.integer({ min: 0, max: 3 }),
      }),
      { maxLength: 8 },
    ),
  )
  .map(([text, edits]) =>
    edits.reduce((now, { at, length, piece, times }) => {
      const start = now.length === 0 ? 0 : at % now.length;
      return now.slice(0, start) + piece.repeat(times) + now.slice(start + length);
    }, text),
  );

test("any file gives a project or problems that can be shown, never an exception, and soon", () => {
  fc.assert(
    fc.property(mutated, (text) => {
      const began = process.cpuUsage();
      const loaded = load(folderWith({ "procs.yaml": text }), { env: { HOME: "/home/ana" } });
      expect(millisSince(began)).toBeLessThan(LIMIT_MS);
      if (loaded.ok) expect(loaded.project.services.length).toBeGreaterThan(0);
      else expect(loaded.diagnostics.length).toBeGreaterThan(0);
      expect(said(loaded)).not.toMatch(/undefined|\[object|NaN/);
    }),
    { numRuns: 400 },
  );
});

describe("texts that are made to be expensive", () => {
  const big: Readonly<Record<string, string>> = {
    "deep lists": "[".repeat(500_000),
    "deep dashes": "- ".repeat(400_000),
    "deep question marks": "? ".repeat(300_000),
    "deep maps": "{a: ".repeat(200_000),
    "deep indentation": Array.from({ length: 1_200 }, (_, index) => `${" ".repeat(index)}a:`).join(
      "\n",
    ),
    "colons in a row": `a: ${"b: ".repeat(300_000)}`,
    "many keys": Array.from({ length: 100_000 }, (_, index) => `k${index}: 1`).join("\n"),
    "many wrong services": `services:\n${Array.from({ length: 20_000 }, (_, index) => `  a${index}: { x: 1 }`).join("\n")}`,
    "many services with much in common": `env: { ${Array.from({ length: 2_000 }, (_, index) => `V${index}: 1`).join(", ")} }\nservices:\n${Array.from({ length: 2_000 }, (_, index) => `  a${index}: { command: x }`).join("\n")}`,
    "many unknown dependencies": `services:\n${Array.from({ length: 900 }, (_, index) => `  a${index}: { command: x, depends_on: [b${index}, c${index}] }`).join("\n")}`,
    "everything waits for everything":
      `x: &d [${Array.from({ length: 90 }, (_, index) => `a${index}`).join(", ")}]\n`.replace(
        "x:",
        "x-d:",
      ) +
      `services:\n${Array.from({ length: 90 }, (_, index) => `  a${index}: { command: x, depends_on: *d }`).join("\n")}`,
    "one port for all": `services:\n${Array.from({ length: 900 }, (_, index) => `  a${index}: { command: x, port: 3000 }`).join("\n")}`,
    "a billion laughs": [
      "a: &a [x,x,x,x,x,x,x,x,x,x]",
      ..."bcdefghij"
        .split("")
        .map(
          (name, index) =>
            `${name}: &${name} [${Array(10).fill(`*${"abcdefghi"[index]}`).join(",")}]`,
        ),
    ].join("\n"),
    "a long quoted line": `services: { a: { command: "${"x".repeat(900_000)}" } }`,
    "a long line with a fault at its end": `services: { a: { command: "${"é".repeat(400_000)}", nope: 1 } }`,
    "spaces before a comment": `services: { a: { command: x } }${" ".repeat(900_000)}# c`,
    "spaces after a colon": `a: b:${" ".repeat(900_000)}c`,
    "many variables": `services: { a: { command: [x, "${"$A".repeat(300_000)}"] } }`,
    "nested defaults": `services: { a: { command: [x, "${"${A:-".repeat(100_000)}"] } }`,
    "open braces": `services: { a: { command: [x, "${"${".repeat(100_000)}"] } }`,
    "a key as long as a file": `? ${"_".repeat(500_000)}!\n: 1\n`,
    "a service as long as a file": `services:\n  ? ${"_".repeat(500_000)}a\n  : 1\n`,
    tabs: "\t".repeat(900_000),
    "tab errors": "a:\n\tb: 1\n".repeat(50_000),
    comments: "#\n".repeat(400_000),
    documents: "---\n".repeat(200_000),
    directives: "%x\n".repeat(200_000),
    anchors: "&a ".repeat(300_000),
    quotes: "'a' ".repeat(200_000),
    "line breaks": "\n".repeat(900_000),
  };
  for (const [name, text] of Object.entries(big)) {
    test(name, () => {
      const folder = folderWith({ "procs.yaml": text.slice(0, 999_999) });
      const began = process.cpuUsage();
      const loaded = load(folder, { env: { A: "x".repeat(1_000) } });
      const rendered = said(loaded);
      expect(millisSince(began)).toBeLessThan(LIMIT_MS);
      expect(rendered.length).toBeLessThan(200_000);
    });
  }

  test("an env file", () => {
    const lines = [
      "A".repeat(999_000),
      `A=${" ".repeat(900_000)}x`,
      `A="${"\\n".repeat(400_000)}"`,
      "A=1\n".repeat(200_000),
      "A b\n".repeat(200_000),
      "A=$\n".repeat(200_000),
      `${" ".repeat(900_000)}=`,
    ];
    for (const text of lines) {
      const folder = folderWith({
        "procs.yaml": "env_file: .env\nservices: { a: { command: x } }",
        ".env": text,
      });
      const began = process.cpuUsage();
      said(load(folder));
      expect(millisSince(began)).toBeLessThan(LIMIT_MS);
    }
  });
});

test("a file above a megabyte, and what is no file at all, are refused at once", () => {
  expect(said(load(folderWith({ "procs.yaml": "#".repeat(1_000_001) })))).toContain(
    "error[P108]: procs.yaml is too big: 1.0 MB",
  );
  expect(said(load("/dev", { files: ["zero"] }))).toContain("is not a regular file");
});

test("any bytes are read or refused", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const loaded = load(folderWith({ "procs.yaml": Buffer.from(bytes) }));
      if (!loaded.ok)
        for (const problem of loaded.diagnostics)
          renderDiagnostic(problem, { color: true, ascii: true, columns: 40 });
    }),
    { numRuns: 200 },
  );
});

function millisSince(began: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1_000;
}
