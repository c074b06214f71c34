import fc from "fast-check";
import { expect, test } from "vitest";
import { LineReader, ReplyReader } from "../../src/control/wire.ts";

function readAll(pieces: readonly Buffer[]) {
  const seen = { status: 0, body: "", ended: 0 };
  const reader = new ReplyReader({
    head: ({ status }) => {
      seen.status = status;
    },
    body: (bytes) => {
      seen.body += bytes.toString("latin1");
    },
    end: () => {
      seen.ended += 1;
    },
  });
  for (const piece of pieces) reader.push(piece);
  const whole = reader.close();
  return { ...seen, whole };
}

/** Cuts text into pieces at the given places. */
function cut(text: string, places: readonly number[]): readonly Buffer[] {
  const sorted = [...new Set(places.map((place) => place % (text.length + 1)))].sort(
    (a, b) => a - b,
  );
  return [0, ...sorted].map((from, i) => Buffer.from(text.slice(from, sorted[i]), "latin1"));
}

const places = fc.array(fc.nat(), { maxLength: 20 });

test("a reply in chunks reads the same however its bytes are cut", () => {
  const chunk = fc.stringMatching(/^[ -~\r\n]{1,40}$/);
  fc.assert(
    fc.property(fc.array(chunk, { maxLength: 8 }), places, (chunks, at) => {
      const coded = chunks.map((one) => `${one.length.toString(16)}\r\n${one}\r\n`).join("");
      const text = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${coded}0\r\n\r\n`;
      expect(readAll(cut(text, at))).toEqual({
        status: 200,
        body: chunks.join(""),
        ended: 1,
        whole: true,
      });
    }),
  );
});

test("a reply with a length reads the same however its bytes are cut", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[ -~\r\n]{0,200}$/), places, (body, at) => {
      const text = `HTTP/1.1 409 Conflict\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
      expect(readAll(cut(text, at))).toEqual({ status: 409, body, ended: 1, whole: true });
    }),
  );
});

test("a reply without a length is whole when the connection ends", () => {
  const reply = readAll([Buffer.from("HTTP/1.1 200 OK\r\n\r\nabc")]);
  expect(reply).toEqual({ status: 200, body: "abc", ended: 1, whole: true });
});

test("a reply that is cut off is not whole", () => {
  expect(readAll([Buffer.from("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc")]).whole).toBe(
    false,
  );
  expect(
    readAll([Buffer.from("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab")]).whole,
  ).toBe(false);
  expect(readAll([Buffer.from("HTTP/1.1 2")]).whole).toBe(false);
});

test("what is no HTTP is refused", () => {
  expect(() => readAll([Buffer.from("SSH-2.0-x\r\n\r\n")])).toThrow("not HTTP");
  expect(() => readAll([Buffer.alloc(70_000, "a")])).toThrow("no end");
  expect(() =>
    readAll([Buffer.from("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n")]),
  ).toThrow("chunk");
});

test("lines are whole values however their bytes are cut, also within a character", () => {
  const values = [{ a: "ä€😀" }, [1], "x", null];
  const bytes = Buffer.from(values.map((value) => `${JSON.stringify(value)}\n`).join(""));
  fc.assert(
    fc.property(places, (at) => {
      const seen: unknown[] = [];
      const reader = new LineReader((value) => seen.push(value));
      const sorted = [...new Set(at.map((place) => place % bytes.length))].sort((a, b) => a - b);
      [0, ...sorted].forEach((from, i) => void reader.push(bytes.subarray(from, sorted[i])));
      expect(seen).toEqual(values);
    }),
  );
});
