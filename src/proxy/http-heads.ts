/** What follows a head: nothing, a number of bytes, chunks, or bytes until the connection ends. */
export type Framing =
  | { readonly kind: "length"; readonly bytes: number }
  | { readonly kind: "chunked" }
  | { readonly kind: "rest" };

export interface RequestHead {
  readonly isHead: boolean;
  readonly framing: Framing;
  /** The connection ends after its answer. */
  readonly closes: boolean;
}

export interface ResponseHead {
  readonly status: number;
  readonly framing: Framing;
  readonly closes: boolean;
}

/** null: not a request whose end can be known for sure, by us and by whoever answers it. */
export function readRequestHead(text: string): RequestHead | null {
  const [line, method = "", version] = REQUEST_LINE.exec(text) ?? [];
  // What follows a CONNECT is no HTTP.
  if (line === undefined || method === "CONNECT") return null;
  const fields = readFields(text);
  if (fields === null) return null;
  const { length, chunked } = fields;
  const closes = fields.closes || (version === "0" && !fields.keeps);
  if (chunked !== null) {
    if (!chunked || version === "0") return null;
    return { isHead: method === "HEAD", framing: CHUNKED, closes };
  }
  return { isHead: method === "HEAD", framing: lengthOf(length ?? 0), closes };
}

/** null: not a response. `toHead`: it answers a HEAD, so it has no body whatever it says. */
export function readResponseHead(text: string, toHead: boolean): ResponseHead | null {
  const [line, version, digits] = STATUS_LINE.exec(text) ?? [];
  if (line === undefined) return null;
  const status = Number(digits);
  const fields = readFields(text);
  if (fields === null) return null;
  const { length, chunked } = fields;
  const closes = fields.closes || (version === "0" && !fields.keeps);
  if (status < 200 || status === 204 || status === 304 || toHead) {
    return { status, framing: NOTHING, closes };
  }
  if (chunked !== null) return { status, framing: chunked ? CHUNKED : REST, closes };
  return { status, framing: length === null ? REST : lengthOf(length), closes };
}

const NOTHING: Framing = { kind: "length", bytes: 0 };
const CHUNKED: Framing = { kind: "chunked" };
const REST: Framing = { kind: "rest" };

function lengthOf(bytes: number): Framing {
  return bytes === 0 ? NOTHING : { kind: "length", bytes };
}

const REQUEST_LINE = /^([!#$%&'*+.^_`|~\dA-Za-z-]+) [!-~\x80-\xff]+ HTTP\/1\.([01])\r\n/;
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [^\r\n]*)?\r\n/;

interface Fields {
  readonly length: number | null;
  /** null: no Transfer-Encoding. false: another than chunked alone. */
  readonly chunked: boolean | null;
  readonly closes: boolean;
  readonly keeps: boolean;
}

/** Ends of lines that some take for one and some do not, folded lines, and a space before a colon. */
const DOUBTFUL = /[^\r]\n|\r[^\n]|\n[ \t]|\0|\n[^:\r]*[ \t]:/;
const FIELD = /\n(content-length|transfer-encoding|connection):[ \t]*([^\r]*)/gi;

function readFields(text: string): Fields | null {
  if (DOUBTFUL.test(text)) return null;
  let length: number | null = null;
  let chunked: boolean | null = null;
  let closes = false;
  let keeps = false;
  FIELD.lastIndex = 0;
  for (let match = FIELD.exec(text); match !== null; match = FIELD.exec(text)) {
    const value = (match[2] ?? "").trimEnd();
    switch (match[1]?.length) {
      case 14:
        if (length !== null || !/^\d{1,15}$/.test(value)) return null;
        length = Number(value);
        break;
      case 17:
        if (chunked !== null) return null;
        chunked = value.toLowerCase() === "chunked";
        break;
      default:
        closes ||= /(?:^|,)[ \t]*close[ \t]*(?:,|$)/i.test(value);
        keeps ||= /(?:^|,)[ \t]*keep-alive[ \t]*(?:,|$)/i.test(value);
    }
  }
  // Both at once: one side may believe the one, and the other side the other.
  if (length !== null && chunked !== null) return null;
  return { length, chunked, closes, keeps };
}
