import type { Framing } from "./http-heads.ts";

/** Heads beyond this are not looked through for their end. */
const HEAD_BYTES_MAX = 32 * 1024;
const LINE_BYTES_MAX = 4 * 1024;

/** What a head says follows it; null: it is not understood, and nothing after it can be. */
export type OnHead = (text: string) => Framing | null;

const HEAD = 0;
const BODY = 1;
const CHUNK_SIZE = 2;
const CHUNK_DATA = 3;
const CHUNK_END = 4;
const TRAILER = 5;
const REST = 6;
const LOST = 7;

/** Finds where one HTTP/1 message after the other ends, in bytes that come in any pieces. */
export class Messages {
  #state = HEAD;
  /** Bytes of the body or chunk that are still to come. */
  #left = 0;
  /** The part of a head, a size or a trailer that has come. */
  #carry = "";
  readonly #onHead: OnHead;
  readonly #onEnd: () => void;
  /** What `read` was last given, as text, where it had to be looked at whole. */
  text: string | null = null;
  /** Behind the head that ended last in what `read` was last given; 0: none did. */
  headEnd = 0;

  constructor(onHead: OnHead, onEnd: () => void) {
    this.#onHead = onHead;
    this.#onEnd = onEnd;
  }

  /** Between two messages. */
  get isBetween(): boolean {
    return this.#state === HEAD && this.#carry === "";
  }

  get isLost(): boolean {
    return this.#state === LOST;
  }

  lose(): void {
    this.#state = LOST;
    this.#carry = "";
  }

  /** Goes on reading from `at`; ends behind the next message where `one` is asked for. Returns where it ended. */
  read(bytes: Buffer, from: number, to: number, one: boolean): number {
    this.text = null;
    this.headEnd = 0;
    let at = from;
    while (at < to) {
      const wasBetween = this.isBetween;
      at = this.#step(bytes, at, to);
      if (one && !wasBetween && this.isBetween) return at;
      // A message that is only a head begins and ends in one step.
      if (one && wasBetween && this.isBetween) return at;
    }
    return at;
  }

  #step(bytes: Buffer, at: number, to: number): number {
    switch (this.#state) {
      case HEAD:
        return this.#head(bytes, at, to);
      case BODY:
      case CHUNK_DATA:
        return this.#data(at, to);
      case CHUNK_SIZE:
      case CHUNK_END:
      case TRAILER:
        return this.#line(bytes, at, to);
      default:
        return to;
    }
  }

  #head(bytes: Buffer, at: number, to: number): number {
    const until = Math.min(to, at + HEAD_BYTES_MAX);
    const text = bytes.toString("latin1", at, until);
    if (at === 0 && until === to) this.text = text;
    const carried = this.#carry.length;
    const whole = carried === 0 ? text : this.#carry + text;
    const end = whole.indexOf("\r\n\r\n", Math.max(0, carried - 3));
    if (end < 0) {
      const isHopeless = whole.length >= HEAD_BYTES_MAX || !/^[A-Za-z]/.test(whole);
      if (isHopeless) this.lose();
      else this.#carry = whole;
      return until;
    }
    this.#carry = "";
    const next = at + end + 4 - carried;
    this.headEnd = next;
    this.#begin(this.#onHead(whole.length === end + 4 ? whole : whole.slice(0, end + 4)));
    return next;
  }

  #begin(framing: Framing | null): void {
    // The listener may have lost hope itself.
    if (framing === null || this.#state === LOST) return void this.lose();
    switch (framing.kind) {
      case "length":
        if (framing.bytes === 0) return void this.#end();
        this.#state = BODY;
        this.#left = framing.bytes;
        return;
      case "chunked":
        this.#state = CHUNK_SIZE;
        return;
      case "rest":
        this.#state = REST;
    }
  }

  #end(): void {
    this.#state = HEAD;
    this.#onEnd();
  }

  #data(at: number, to: number): number {
    const taken = Math.min(this.#left, to - at);
    this.#left -= taken;
    if (this.#left === 0) {
      if (this.#state === BODY) this.#end();
      else this.#state = CHUNK_END;
    }
    return at + taken;
  }

  /** A size, the empty line behind a chunk, or a trailer. */
  #line(bytes: Buffer, at: number, to: number): number {
    const found = bytes.indexOf(10, at);
    const end = found < 0 || found >= to ? to : found + 1;
    this.#carry += bytes.toString("latin1", at, end);
    if (this.#carry.length > LINE_BYTES_MAX) this.lose();
    else if (found >= 0 && found < to) {
      const line = this.#carry;
      this.#carry = "";
      this.#lineRead(line);
    }
    return end;
  }

  #lineRead(line: string): void {
    if (!line.endsWith("\r\n") || line.indexOf("\r") !== line.length - 2) return void this.lose();
    if (this.#state === TRAILER) {
      if (line === "\r\n") this.#end();
    } else if (this.#state === CHUNK_END) {
      if (line === "\r\n") this.#state = CHUNK_SIZE;
      else this.lose();
    } else {
      const size = /^([\dA-Fa-f]{1,12})[ \t]*(?:;[^\r]*)?\r\n$/.exec(line)?.[1];
      if (size === undefined) return void this.lose();
      this.#left = Number.parseInt(size, 16);
      this.#state = this.#left === 0 ? TRAILER : CHUNK_DATA;
    }
  }
}
