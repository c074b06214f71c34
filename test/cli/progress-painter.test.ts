import fc from "fast-check";
import { expect, test } from "vitest";
import { createPainter, repaint } from "../../src/cli/progress-painter.ts";
import { until } from "../rig/until.ts";

/** A terminal of endless height that knows what the painter uses: up, erase line, erase below. */
class Terminal {
  #lines: string[] = [""];
  #row = 0;

  write(text: string): void {
    for (const [part] of text.matchAll(/\x1b\[\d*[A-Z]|\r|\n|[^\x1b\r\n]+/g)) this.#take(part);
  }

  get text(): string {
    return this.#lines.join("\n").trimEnd();
  }

  #take(part: string): void {
    const up = /^\x1b\[(\d+)A$/.exec(part);
    if (up !== null) this.#row -= Number(up[1]);
    else if (part === "\n") {
      this.#row += 1;
      if (this.#row === this.#lines.length) this.#lines.push("");
    } else if (part === "\x1b[2K") this.#lines[this.#row] = "";
    else if (part === "\x1b[J") this.#lines = [...this.#lines.slice(0, this.#row), ""];
    else if (part !== "\r") this.#lines[this.#row] += part;
    if (this.#row < 0) throw new Error("above the first line");
  }
}

test("any block turns into any other, with nothing left over and nothing above touched", () => {
  const block = fc.array(fc.stringMatching(/^[a-z]{1,5}$/), { maxLength: 6 });
  fc.assert(
    fc.property(fc.array(block, { minLength: 1, maxLength: 6 }), (blocks) => {
      const terminal = new Terminal();
      terminal.write("above\n");
      let shown: readonly string[] = [];
      for (const next of blocks) {
        terminal.write(repaint(shown, next, 0));
        shown = next;
        expect(terminal.text).toBe(["above", ...shown].join("\n"));
      }
    }),
  );
});

test("only changed rows are written", () => {
  expect(repaint(["a", "b", "c"], ["a", "B", "c"], 0)).toBe("\x1b[3A\n\r\x1b[2KB\n\n");
});

test("what a user typed meanwhile does not shift the block", () => {
  const terminal = new Terminal();
  const painter = createPainter(terminal, () => 24);
  painter.paint(["one", "two"]);
  terminal.write("h\n");
  painter.typed();
  painter.insert("help\n");
  painter.finish(["ONE", "two"]);
  expect(terminal.text).toBe("help\nONE\ntwo");
});

test("many changes at once are painted once, soon, and the last is the one that stays", async () => {
  let writes = 0;
  const terminal = new Terminal();
  const painter = createPainter(
    {
      write: (text) => {
        writes += 1;
        terminal.write(text);
      },
    },
    () => 24,
  );
  for (let i = 0; i < 1000; i++) painter.paint([`row ${i}`]);
  await until("the last row is on the screen", () => terminal.text === "row 999");
  expect(writes).toBe(2);
});

test("of a block taller than the screen the end is shown", () => {
  const terminal = new Terminal();
  createPainter(terminal, () => 5).paint(["1", "2", "3", "4", "5"]);
  expect(terminal.text).toBe("3\n4\n5");
});
