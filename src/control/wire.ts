/** What the head of a reply says. */
export interface ReplyHead {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
}

export interface ReplySink {
  head(head: ReplyHead): void;
  body(bytes: Buffer): void;
  end(): void;
}

const HEAD_BYTES_MAX = 64 * 1024;

/**
 * Reads one HTTP/1.1 reply as its bytes come: what the server of this package sends, with a length, in
 * chunks, or until the connection ends. `node:http` would do it too, and costs each command a quarter more.
 */
export class ReplyReader {
  readonly #sink: ReplySink;
  #state: "head" | "length" | "size" | "chunk" | "separator" | "close" | "over" = "head";
  #pending: Buffer = Buffer.alloc(0);
  /** Bytes of the body, or of the chunk, that have not come yet. */
  #left = 0;

  constructor(sink: ReplySink) {
    this.#sink = sink;
  }

  /** Throws when what comes is no HTTP reply. */
  push(bytes: Buffer): void {
    this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
    while (this.#step()) {
      // Each step takes something off `pending`.
    }
  }

  /** The connection has ended; false when the reply was not whole. */
  close(): boolean {
    if (this.#state === "close") this.#finish();
    return this.#state === "over";
  }

  #step(): boolean {
    switch (this.#state) {
      case "head":
        return this.#readHead();
      case "size":
        return this.#readSize();
      case "separator":
        return this.#takeLine() !== null && this.#become("size");
      case "length":
      case "chunk":
      case "close":
        return this.#readBytes();
      case "over":
        return false;
    }
  }

  #readHead(): boolean {
    const end = this.#pending.indexOf("\r\n\r\n");
    if (end < 0) {
      if (this.#pending.length > HEAD_BYTES_MAX) throw new Error("the reply's head has no end");
      return false;
    }
    const lines = this.#pending.toString("latin1", 0, end).split("\r\n");
    this.#pending = this.#pending.subarray(end + 4);
    const status = /^HTTP\/1\.1 (\d{3})/.exec(lines[0] ?? "")?.[1];
    if (status === undefined) throw new Error("the reply is not HTTP");
    const headers = new Map(lines.slice(1).map(readHeader));
    this.#sink.head({ status: Number(status), headers });
    if (headers.get("transfer-encoding") === "chunked") return this.#become("size");
    const length = headers.get("content-length");
    if (length === undefined) return this.#become("close");
    this.#left = Number(length);
    if (this.#left === 0) this.#finish();
    return this.#left > 0 && this.#become("length");
  }

  #readSize(): boolean {
    const line = this.#takeLine();
    if (line === null) return false;
    this.#left = Number.parseInt(line, 16);
    if (!Number.isSafeInteger(this.#left)) throw new Error("the reply has a chunk without a size");
    if (this.#left > 0) return this.#become("chunk");
    this.#finish();
    return false;
  }

  #readBytes(): boolean {
    if (this.#pending.length === 0) return false;
    const size = this.#state === "close" ? this.#pending.length : this.#left;
    const bytes = this.#pending.subarray(0, size);
    this.#pending = this.#pending.subarray(bytes.length);
    this.#left -= bytes.length;
    this.#sink.body(bytes);
    if (this.#state === "close" || this.#left > 0) return true;
    if (this.#state === "chunk") return this.#become("separator");
    this.#finish();
    return false;
  }

  #takeLine(): string | null {
    const end = this.#pending.indexOf("\r\n");
    if (end < 0) return null;
    const line = this.#pending.toString("latin1", 0, end);
    this.#pending = this.#pending.subarray(end + 2);
    return line;
  }

  #become(state: "size" | "chunk" | "separator" | "length" | "close"): true {
    this.#state = state;
    return true;
  }

  #finish(): void {
    this.#state = "over";
    this.#sink.end();
  }
}

/** Cuts bytes into lines and parses each as JSON. */
export class LineReader {
  readonly #onValue: (value: unknown) => void;
  #parts: Buffer[] = [];

  constructor(onValue: (value: unknown) => void) {
    this.#onValue = onValue;
  }

  push(bytes: Buffer): void {
    let start = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
      const line = Buffer.concat([...this.#parts, bytes.subarray(start, end)]).toString("utf8");
      this.#parts = [];
      start = end + 1;
      if (line !== "") this.#onValue(JSON.parse(line));
    }
    if (start < bytes.length) this.#parts.push(bytes.subarray(start));
  }
}

function readHeader(line: string): [string, string] {
  const colon = line.indexOf(":");
  return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()];
}
