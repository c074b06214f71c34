import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Line, LineSplitter, PIECE_BYTES_MAX } from "../../src/logs/lines.ts";

function split(chunks: readonly Buffer[]): Line[] {
  const splitter = new LineSplitter();
  const lines = chunks.flatMap((chunk) => splitter.push(chunk));
  const rest = splitter.flush("eof");
  return rest === null ? lines : [...lines, rest];
}

function cutAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length];
  places.sort((a, b) => a - b);
  return places.slice(1).map((place, index) => bytes.subarray(places[index], place));
}

/** As text, because comparing buffers byte by byte is slow. */
const shown = (lines: readonly Line[]) =>
  lines.map((line) => ({ ...line, bytes: line.bytes.toString("latin1") }));
const texts = (lines: readonly Line[]) => lines.map((line) => line.bytes.toString("utf8"));

describe("lines", () => {
  test("end with \\n or \\r\\n, and the last one may end with the file", () => {
    expect(texts(split([Buffer.from("a\r\nb\n\n c\rd\nrest")]))).toEqual([
      "a",
      "b",
      "",
      " c\rd",
      "rest",
    ]);
  });

  test("know where they stand in the file", () => {
    const lines = split([Buffer.from("ab\r\n\nüx\nz")]);
    expect(lines.map((line) => line.offset)).toEqual([0, 4, 5, 9]);
    expect(lines.map((line) => line.ends)).toEqual(["newline", "newline", "newline", "eof"]);
  });

  test("show bytes that are not UTF-8 as U+FFFD and go on", () => {
    expect(texts(split([Buffer.from([0x61, 0xff, 0x62, 10, 0x63, 10])]))).toEqual([
      "a\ufffdb",
      "c",
    ]);
  });

  test("do not depend on how the bytes came in chunks", () => {
    const text = fc.array(fc.constantFrom("a", "ü", "😀", "\n", "\r", "\r\n", " "), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(text, fc.array(fc.nat(), { maxLength: 8 }), (parts, cuts) => {
        const bytes = Buffer.from(parts.join(""));
        expect(shown(split(cutAt(bytes, cuts)))).toEqual(shown(split([bytes])));
      }),
    );
  });

  test("that are very long come in the same pieces however they came", () => {
    const unit = fc.constantFrom("a", "ü", "😀", "\r");
    const length = fc.integer({ min: PIECE_BYTES_MAX - 5, max: PIECE_BYTES_MAX * 2 + 5 });
    fc.assert(
      fc.property(unit, length, fc.array(fc.nat(), { maxLength: 5 }), (each, size, cuts) => {
        const line = `${"x".repeat(size % 7)}${each.repeat(Math.floor(size / each.length))}`;
        const bytes = Buffer.from(`first\n${line}\nlast\n`);
        const whole = split([bytes]);
        expect(shown(split(cutAt(bytes, cuts)))).toEqual(shown(whole));
        expect(whole.every((piece) => piece.bytes.length <= PIECE_BYTES_MAX)).toBe(true);
        const joined = whole.map((one) => one.bytes.toString("utf8")).join("");
        expect(joined).toBe(`first${line}last`.replace(/\r(?=last$)/, ""));
      }),
      { numRuns: 40 },
    );
  });

  test("that are random bytes are all there, whatever they are", () => {
    const bytes = fc.uint8Array({ maxLength: 300 });
    fc.assert(
      fc.property(bytes, fc.array(fc.nat(), { maxLength: 6 }), (raw, cuts) => {
        const data = Buffer.from(raw);
        const lines = split(cutAt(data, cuts));
        const back = lines.map((line) => {
          const after = line.ends === "newline" ? "\n" : "";
          return Buffer.concat([line.bytes, Buffer.from(after)]);
        });
        expect(Buffer.concat(back).toString("hex")).toBe(
          Buffer.from(data.toString("latin1").replaceAll("\r\n", "\n"), "latin1").toString("hex"),
        );
      }),
    );
  });
});

describe("an unfinished line", () => {
  test("can be given out, and what follows goes on from it", () => {
    const splitter = new LineSplitter();
    splitter.push(Buffer.from("Continue? "));
    expect(splitter.flush("partial")).toMatchObject({ begins: true, ends: "partial", offset: 0 });
    const [rest] = splitter.push(Buffer.from("yes\nnext\n"));
    expect(rest).toMatchObject({ begins: false, ends: "newline", offset: 10 });
  });

  test("is not cut inside a character", () => {
    const splitter = new LineSplitter();
    const euro = Buffer.from("€");
    splitter.push(Buffer.concat([Buffer.from("5 "), euro.subarray(0, 2)]));
    expect(splitter.flush("partial")?.bytes.toString()).toBe("5 ");
    expect(splitter.flush("partial")).toBeNull();
    expect(splitter.push(Buffer.concat([euro.subarray(2), Buffer.from("\n")]))[0]?.bytes).toEqual(
      euro,
    );
  });
});
