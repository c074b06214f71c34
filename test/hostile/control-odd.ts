// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what procs.yaml would replace
/** Programs that do no harm. */
export const COMMANDS: readonly (readonly string[])[] = [
  ["sleep", "1000"],
  ["true"],
  ["false"],
  ["/no/such"],
  ["sh", "-c", "echo up; exec sleep 9"],
];

/** What a field may become where anything at all would start, watch or ask something outside. */
export const GUARDED: Readonly<Record<string, readonly unknown[]>> = {
  command: [
    ...COMMANDS,
    "",
    [],
    null,
    7,
    [7],
    ["x".repeat(200_000)],
    "true",
    ["true", "\u0000"],
    ["\ud800"],
  ],
  shell: ["/bin/sh", "", "/no/such", null, "/bin/sh\u0000"],
  cwd: ["/", "/no/such", "", "/proc/self", "/etc/passwd", null, "x".repeat(5_000)],
  paths: [[], null, ["no/such"], [7]],
  url: [
    "http://127.0.0.1:1/",
    "/x",
    ":1/x",
    "",
    "http://",
    "http://127.0.0.1:99999/",
    "gopher://127.0.0.1/",
    null,
  ],
  host: [null, "127.0.0.1", "::1", "", "\u0000", 7],
  instances: [0, 1, 2, -1, 1.5, 1e9, "2", null],
  own: [false, null, 7, "yes"],
  op: ["stop", "scale", "apply", "wait", "nope", "", null, "constructor", "__proto__"],
  counts: [{ a: 1 }, { a: 2 ** 31 }, { b: -1 }, {}, [], { constructor: 1 }, null],
  scale: [{ a: 1 }, { d: 1 }, { a: 1e9 }, [], null],
};

/** Values that are long or out of all bounds. */
export const BIG: readonly unknown[] = [
  "y".repeat(100_000),
  Array(3_000).fill("a"),
  { "": { "": { "": [] } } },
  1e300,
  -1e300,
];

/** Whole bodies that are made to be hard to read. */
export const HEAVY: readonly string[] = [
  "[".repeat(100_000),
  `${"[".repeat(50_000)}${"]".repeat(50_000)}`,
  '{"op":'.repeat(20_000),
  `{"op":"stop","services":${"[".repeat(9_999)}${"]".repeat(9_999)}}`,
  `{"op":"stop","op":"kill","services":[]}`,
  `{"__proto__":{"op":"kill"}}`,
  `{"op":"stop","services":["a"],"timeout_ms":1e999}`,
  "1e999",
  '"\\ud800"',
  "\u0000",
  "",
  " ",
  "{}",
  "null",
  "[]",
  "true",
  `{"op":"scale","counts":{"a":${"9".repeat(1_000)}}}`,
  `{"op":"wait","services":["${"a".repeat(500_000)}"]}`,
  "\ufeff{}",
];
