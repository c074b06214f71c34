import { type Diagnostic, EXIT } from "../errors.ts";

interface Extra {
  readonly help?: readonly string[];
  /** All that is wrong, where the message is not enough. */
  readonly diagnostics?: readonly Diagnostic[];
  /** The exit code for a command that gets this; by the status unless given. */
  readonly exit?: number;
}

/** A request that is refused: an HTTP status and what the client should show. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  readonly status: number;
  readonly code: string;
  readonly extra: Extra;

  constructor(status: number, code: string, message: string, extra: Extra = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.extra = extra;
  }

  toReply(): ErrorReply {
    const { help, diagnostics } = this.extra;
    return {
      v: 1,
      kind: "error",
      code: this.code,
      message: this.message,
      ...(help === undefined ? {} : { help }),
      exit: this.extra.exit ?? EXIT.supervisor,
      ...(diagnostics === undefined ? {} : { diagnostics }),
    };
  }
}

/** What a client gets instead of an answer. */
export interface ErrorReply {
  readonly v: 1;
  readonly kind: "error";
  readonly code: string;
  readonly message: string;
  readonly help?: readonly string[];
  readonly exit: number;
  /** All that is wrong, where that is more than the message says; the first one is what the message is about. */
  readonly diagnostics?: readonly Diagnostic[];
}
