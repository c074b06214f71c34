import fc from "fast-check";
import { expect, test } from "vitest";
import { Exchange } from "../../src/proxy/exchange.ts";

const CRLF = "\r\n";

function client(exchange: Exchange, text: string): void {
  const bytes = Buffer.from(text, "latin1");
  exchange.fromClient(bytes, 0, bytes.length, false);
}

function server(exchange: Exchange, text: string): void {
  const bytes = Buffer.from(text, "latin1");
  exchange.fromServer(bytes, bytes.length);
}

function head(...lines: readonly string[]): string {
  return lines.join(CRLF) + CRLF + CRLF;
}

const GET = head("GET / HTTP/1.1", "Host: a");
const OK = `${head("HTTP/1.1 200 OK", "Content-Length: 2")}hi`;

/** A request with its answer, each of which ends where HTTP says it does. */
const bodies = fc.string({ maxLength: 40, unit: fc.constantFrom("a", "\r", "\n", ":", "0", " ") });
const chunkedBodies = fc.array(bodies, { maxLength: 4 }).map((parts) => {
  const chunks = parts.filter((part) => part !== "");
  const text = chunks.map((part) => `${part.length.toString(16)};x=y${CRLF}${part}${CRLF}`);
  return {
    head: ["Transfer-Encoding: chunked"],
    text: `${text.join("")}0${CRLF}T: 1${CRLF}${CRLF}`,
  };
});
const sizedBodies = bodies.map((text) => ({ head: [`content-length: ${text.length}`], text }));
const anyBody = fc.oneof(sizedBodies, chunkedBodies);
const noise = fc.constantFrom<readonly string[]>(
  [],
  ["X-A: b, c"],
  ["Accept:*/*", "Cookie: a=b; c"],
);

const requests = fc.oneof(
  fc.tuple(fc.constantFrom("GET", "HEAD", "DELETE"), noise).map(([method, extra]) => ({
    ...{ method, text: head(`${method} /x?y HTTP/1.1`, "Host: a", ...extra) },
  })),
  fc.tuple(anyBody, noise).map(([body, extra]) => ({
    ...{
      method: "POST",
      text: head("POST / HTTP/1.1", "Host: a", ...extra, ...body.head) + body.text,
    },
  })),
);

const exchanges = requests.chain((request) =>
  fc
    .tuple(anyBody, noise, fc.constantFrom(200, 204, 304, 404), fc.integer({ min: 0, max: 2 }))
    .map(([body, extra, status, interim]) => {
      const isBare = request.method === "HEAD" || status === 204 || status === 304;
      const before = head("HTTP/1.1 100 Continue").repeat(interim);
      const own = head(`HTTP/1.1 ${status} Fine`, ...extra, ...(status === 204 ? [] : body.head));
      return { request: request.text, answer: before + own + (isBare ? "" : body.text) };
    }),
);

/** The text in pieces, cut at fractions of its length. */
function pieces(text: string, cuts: readonly number[]): readonly string[] {
  const at = [...new Set(cuts.map((cut) => Math.floor(cut * text.length)))].sort((a, b) => a - b);
  return [0, ...at].map((from, index) => text.slice(from, at[index] ?? text.length));
}

const cuts = fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { maxLength: 12 });

test("it is at rest exactly between an answer and the next request, however the bytes come", () => {
  fc.assert(
    fc.property(fc.array(exchanges, { minLength: 1, maxLength: 4 }), cuts, (all, where) => {
      const exchange = new Exchange();
      for (const { request, answer } of all) {
        expect(exchange.isAtRest).toBe(true);
        for (const piece of pieces(request, where)) {
          if (piece === "") continue;
          client(exchange, piece);
          expect(exchange.isAtRest).toBe(false);
        }
        const parts = pieces(answer, where).filter((piece) => piece !== "");
        for (const [index, piece] of parts.entries()) {
          server(exchange, piece);
          expect(exchange.isAtRest).toBe(index === parts.length - 1);
        }
      }
      expect(exchange.isOpaque).toBe(false);
    }),
  );
});

test("requests that are sent without waiting for answers are at rest when all are answered", () => {
  fc.assert(
    fc.property(fc.array(exchanges, { minLength: 2, maxLength: 5 }), cuts, cuts, (all, a, b) => {
      const exchange = new Exchange();
      for (const piece of pieces(all.map(({ request }) => request).join(""), a)) {
        client(exchange, piece);
      }
      const answers = pieces(all.map(({ answer }) => answer).join(""), b).filter((p) => p !== "");
      for (const piece of answers) {
        expect(exchange.isAtRest).toBe(false);
        server(exchange, piece);
      }
      expect(exchange.isAtRest).toBe(true);
    }),
  );
});

test("asked for one request, it stops behind it and not elsewhere", () => {
  fc.assert(
    fc.property(fc.array(requests, { minLength: 1, maxLength: 4 }), cuts, (all, where) => {
      const exchange = new Exchange();
      const text = all.map((one) => one.text).join("");
      const ends: number[] = [];
      let read = 0;
      for (const piece of pieces(text, where)) {
        const bytes = Buffer.from(piece, "latin1");
        for (let at = 0; at < bytes.length; ) {
          at = exchange.fromClient(bytes, at, bytes.length, true);
          if (exchange.isBetweenRequests) ends.push(read + at);
        }
        read += bytes.length;
      }
      let sum = 0;
      expect(ends).toEqual(all.map((one) => (sum += one.text.length)));
    }),
  );
});

test("whatever comes, it never fails, and what is not HTTP is never at rest again", () => {
  const junk = fc.oneof(
    fc.string({ maxLength: 60 }),
    fc.constantFrom(GET, OK, GET.slice(0, 9), "0\r\n\r\n", "\r\n"),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), junk), { maxLength: 12 }), (steps) => {
      const exchange = new Exchange();
      for (const [isClient, text] of steps) {
        const wasOpaque = exchange.isOpaque;
        if (isClient) client(exchange, text);
        else server(exchange, text);
        if (wasOpaque) expect(exchange.isOpaque).toBe(true);
        if (exchange.isOpaque) expect(exchange.isAtRest).toBe(false);
      }
    }),
  );
});

test.each([
  ["a server that speaks first", "", "220 mail ready\r\n"],
  ["TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".repeat(40), ""],
  ["HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", ""],
  ["CONNECT", head("CONNECT a:443 HTTP/1.1", "Host: a:443"), ""],
  ["an upgrade", head("GET / HTTP/1.1", "Upgrade: websocket"), head("HTTP/1.1 101 Switching")],
  ["two lengths", head("POST / HTTP/1.1", "Content-Length: 3", "Content-Length: 4"), ""],
  [
    "a length and chunks",
    head("POST / HTTP/1.1", "Content-Length: 3", "Transfer-Encoding: chunked"),
    "",
  ],
  ["a length with a sign", head("POST / HTTP/1.1", "Content-Length: +3"), ""],
  ["another encoding", head("POST / HTTP/1.1", "Transfer-Encoding: gzip, chunked"), ""],
  ["a space before the colon", head("POST / HTTP/1.1", "Content-Length : 3"), ""],
  ["a folded line", head("POST / HTTP/1.1", "X: a", " Content-Length: 3"), ""],
  ["a line that ends otherwise", "POST / HTTP/1.1\nContent-Length: 3\r\n\r\n", ""],
  ["a chunk of no size", `${head("POST / HTTP/1.1", "Transfer-Encoding: chunked")}zz\r\n`, ""],
  [
    "a chunk that goes on",
    `${head("POST / HTTP/1.1", "Transfer-Encoding: chunked")}1\r\nab\r\n`,
    "",
  ],
  ["an answer that nobody asked for", "", OK],
  ["a head without end", `GET / HTTP/1.1\r\nX: ${"a".repeat(40_000)}`, ""],
])("%s is opaque", (_name, asked, answered) => {
  const exchange = new Exchange();
  if (asked !== "") client(exchange, asked);
  if (answered !== "") server(exchange, answered);
  expect(exchange.isOpaque).toBe(true);
  client(exchange, GET);
  expect(exchange.isAtRest).toBe(false);
});

test.each([
  ["an answer without a length", GET, `${head("HTTP/1.1 200 OK")}hi`],
  [
    "an answer that says it is the last",
    GET,
    `${head("HTTP/1.1 200 OK", "Connection: close", "Content-Length: 0")}`,
  ],
  ["a request that says so", head("GET / HTTP/1.1", "Connection: x, Close"), OK],
  ["HTTP/1.0", head("GET / HTTP/1.0"), OK],
  [
    "an answer before the request is whole",
    `${head("POST / HTTP/1.1", "Content-Length: 9")}abc`,
    OK,
  ],
])("%s: never at rest", (_name, asked, answered) => {
  const exchange = new Exchange();
  client(exchange, asked);
  server(exchange, answered);
  expect(exchange.isAtRest).toBe(false);
});

test("an answer that comes before its request is whole is at rest when the rest has come", () => {
  const exchange = new Exchange();
  client(exchange, `${head("POST / HTTP/1.1", "Content-Length: 9")}abc`);
  server(exchange, OK);
  client(exchange, "def");
  expect(exchange.isAtRest).toBe(false);
  client(exchange, "ghi");
  expect(exchange.isAtRest).toBe(true);
});
