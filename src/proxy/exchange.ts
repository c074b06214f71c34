import { type Framing, readRequestHead, readResponseHead } from "./http-heads.ts";
import { Messages } from "./messages.ts";

/**
 * Follows both directions of one connection, to know when it is at rest: every request answered whole, and
 * nothing of another begun. Whatever is not HTTP/1, or not beyond doubt, is opaque from there on.
 */
export class Exchange {
  readonly #requests = new Messages(
    (text) => this.#asked(text),
    () => {},
  );
  readonly #responses = new Messages(
    (text) => this.#answered(text),
    () => this.#answerEnded(),
  );
  /** Of each request without a whole answer, whether it is a HEAD. */
  readonly #open: boolean[] = [];
  #isInterim = false;
  /** The head that was read last answers the only request that there is. */
  #isOnly = false;
  #isOpaque = false;
  #closes = false;
  /** Bytes have gone either way. */
  hasBegun = false;

  get isOpaque(): boolean {
    return this.#isOpaque;
  }

  /** A moment at which the client cannot tell one upstream from another. */
  get isAtRest(): boolean {
    return (
      !this.#isOpaque &&
      !this.#closes &&
      this.#open.length === 0 &&
      this.#requests.isBetween &&
      this.#responses.isBetween
    );
  }

  /** The client has not begun a request that it has not ended. */
  get isBetweenRequests(): boolean {
    return !this.#isOpaque && this.#requests.isBetween;
  }

  /** The last bytes of the client that were looked at, as latin1 text, where they are at hand. */
  get requestText(): string | null {
    return this.#isOpaque ? null : this.#requests.text;
  }

  get responseText(): string | null {
    return this.#isOpaque ? null : this.#responses.text;
  }

  /**
   * Where in the bytes that came last from the server its last header ended, if that is of the answer to the only
   * request there is; 0: nowhere. Another header may be put there.
   */
  get lastHeaderEnd(): number {
    const { headEnd } = this.#responses;
    return this.#isOpaque || !this.#isOnly ? 0 : Math.max(0, headEnd - 2);
  }

  /** Bytes from the client; ends behind a request where `one` is asked for. Returns where it ended. */
  fromClient(bytes: Buffer, from: number, to: number, one: boolean): number {
    this.hasBegun = true;
    if (this.#isOpaque) return to;
    const end = this.#requests.read(bytes, from, to, one);
    if (this.#requests.isLost) this.#isOpaque = true;
    return this.#isOpaque ? to : end;
  }

  fromServer(bytes: Buffer, to: number): void {
    this.hasBegun = true;
    if (this.#isOpaque) return;
    // Nobody has asked, as far as we have understood.
    if (this.#open.length === 0) this.#responses.lose();
    this.#isOnly = false;
    this.#responses.read(bytes, 0, to, false);
    if (this.#responses.isLost) this.#isOpaque = true;
  }

  #asked(text: string): Framing | null {
    const head = readRequestHead(text);
    if (head === null) return null;
    this.#open.push(head.isHead);
    if (head.closes) this.#closes = true;
    return head.framing;
  }

  #answered(text: string): Framing | null {
    const toHead = this.#open[0];
    if (toHead === undefined) return null;
    const head = readResponseHead(text, toHead);
    // 101: from here on it is another protocol.
    if (head === null || head.status === 101) return null;
    this.#isInterim = head.status < 200;
    this.#isOnly = !this.#isInterim && this.#open.length === 1;
    if (head.closes && !this.#isInterim) this.#closes = true;
    return head.framing;
  }

  #answerEnded(): void {
    if (!this.#isInterim) this.#open.shift();
    this.#isInterim = false;
  }
}
