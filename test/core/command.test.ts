// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is for the shell
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { argvOf } from "../../src/core/command.ts";

function textOf(command: string, shell = "/bin/sh"): string {
  const argv = argvOf(command, shell);
  expect(argv.slice(0, 2)).toEqual([shell, "-c"]);
  expect(argv).toHaveLength(3);
  return argv[2] ?? "";
}

test("a list is taken as it is", () => {
  expect(argvOf(["node", "a b.js", "; rm"], "/bin/sh")).toEqual(["node", "a b.js", "; rm"]);
});

test.each([
  ["node server.js", "exec node server.js"],
  ["  node server.js\n", "  exec node server.js\n"],
  ["./run.sh --port $PORT", "exec ./run.sh --port $PORT"],
  ["node server.js --port=${PORT:-3000}", "exec node server.js --port=${PORT:-3000}"],
  ["NODE_ENV=test node x.js", "NODE_ENV=test exec node x.js"],
  ["A=1 B='x y' \"node\" x.js", "A=1 B='x y' exec \"node\" x.js"],
  ['A="$B c" node x.js', 'A="$B c" exec node x.js'],
  ["node x.js > out.log 2>&1", "exec node x.js > out.log 2>&1"],
  ["node x.js 2>/dev/null </dev/null", "exec node x.js 2>/dev/null </dev/null"],
  [">out.log A=1 node x.js", ">out.log A=1 exec node x.js"],
  ["2>&1 node x.js", "2>&1 exec node x.js"],
  ["node x.js >|out.log 3<>both 2>&-", "exec node x.js >|out.log 3<>both 2>&-"],
  ["node -e 'setInterval(() => {}, 1); a && b'", "exec node -e 'setInterval(() => {}, 1); a && b'"],
  ['node -e "a; b | c # d"', 'exec node -e "a; b | c # d"'],
  ["node a\\;b", "exec node a\\;b"],
  ["node \\\n  server.js", "exec node \\\n  server.js"],
  ["$HOME/bin/app --x", "exec $HOME/bin/app --x"],
  ["~/bin/app", "exec ~/bin/app"],
  ['"$HOME/my app/run" x', 'exec "$HOME/my app/run" x'],
  ["tail -f src/*.log", "exec tail -f src/*.log"],
  ["grep a#b file", "exec grep a#b file"],
  ["nginx -g 'daemon off;'", "exec nginx -g 'daemon off;'"],
  ["python3 -m http.server 8000", "exec python3 -m http.server 8000"],
  ["node a.js 'multi\nline'", "exec node a.js 'multi\nline'"],
])("one simple command is exec'd: %s", (text, expected) => {
  expect(textOf(text)).toBe(expected);
});

test.each([
  "npm run build && node x.js",
  "a; b",
  "a\nb",
  "a | b",
  "a || b",
  "a &",
  "a & b",
  "node x.js &> out.log",
  "(node x.js)",
  "{ node x.js; }",
  "! node x.js",
  "time node x.js",
  "if true; then node x.js; fi",
  "while :; do node x.js; done",
  "for",
  "cd api",
  "export A=1",
  "exit 3",
  ". ./env.sh",
  ": nothing",
  "exec node x.js",
  "echo hello",
  "printf x",
  "test -f x",
  "[ -f x ]",
  "wait",
  "A=1",
  "A=1 B=2",
  "A=1 exec node x.js",
  "PATH=/opt/x node x.js",
  "> out.log",
  ">out.log >",
  "> >x node",
  "$CMD server.js",
  "${CMD:-/bin/node} server.js",
  '"$CMD" server.js',
  "no* x",
  "{a,b} x",
  "=node x",
  "-x",
  "node $(cat port)",
  "node `cat port`",
  'node "$(cat port)"',
  "node $((1 + 2))",
  "node <<EOF",
  "node <<<x",
  "node <(cat x)",
  "node x.js # a comment",
  "# a comment",
  "node 'open",
  'node "open',
  "node $'a'",
  "node x\\",
  "node\r\nx",
  "'' x",
  "",
  "   ",
])("anything else is left as it is: %s", (text) => {
  expect(textOf(text)).toBe(text);
});

test("a shell that may know no exec gets the text as it is", () => {
  expect(textOf("node x.js", "/usr/bin/fish")).toBe("node x.js");
  expect(textOf("node x.js", "python3")).toBe("node x.js");
  expect(textOf("node x.js", "/usr/local/bin/zsh")).toBe("exec node x.js");
});

describe("with the real sh", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "procs-command-"));
    const show = join(folder, "show");
    writeFileSync(
      show,
      '#!/bin/sh\nprintf "<%s>" "$0" "$@"\nprintf "A=%s B=%s\\n" "$A" "$B"\nprintf "err %s\\n" "$1" >&2\nexit 3\n',
    );
    chmodSync(show, 0o755);
    writeFileSync(join(folder, "in"), "input\n");
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function outcome(text: string) {
    const { stdout, stderr, status } = spawnSync("/bin/sh", ["-c", text], {
      cwd: folder,
      env: { PATH: `${folder}:/usr/bin:/bin`, V: "v w", PORT: "3000" },
      encoding: "utf8",
    });
    return { stdout, stderr, status };
  }

  const piece = fc.constantFrom(
    ..."A=1|B=x|A='y z'|B=\"$V\"|PATH=/|show|./show|'show'|sh\\ow|echo|cd|$V|${PORT}|\"$PORT\"|a*|'*'|#x|x#|;|&&|&|\\;|>out|2>&1|<in|>&2|2>|in|\\\n|\n|'|\"|$(echo 1)|`echo 2`|{a,b}|~|!|=|-n|x=1|(|)|${U:-d}|\\|".split(
      "|",
    ),
  );
  const text = fc
    .array(fc.tuple(piece, fc.constantFrom(" ", " ", " ", "")), { minLength: 1, maxLength: 7 })
    .map((parts) => parts.map(([word, gap]) => word + gap).join(""));

  test("exec changes neither arguments, environment, output nor status", () => {
    let execd = 0;
    fc.assert(
      fc.property(text, (command) => {
        const changed = textOf(command);
        if (changed === command) return;
        execd += 1;
        const [plain, withExec] = [outcome(command), outcome(changed)];
        // How a shell words "not found" and a file that cannot be opened is its own affair.
        if (plain.status === 127 || plain.status === 126 || plain.stderr.includes("cannot")) return;
        expect(withExec).toEqual(plain);
      }),
      { numRuns: 1500 },
    );
    expect(execd).toBeGreaterThan(30);
  });

  test("the program takes the shell's place", () => {
    const [shell = "", ...rest] = argvOf("A=1 node -p process.pid", "/bin/sh");
    const result = spawnSync(shell, rest, { encoding: "utf8" });
    expect(result.stdout).toBe(`${result.pid}\n`);
  });
});
