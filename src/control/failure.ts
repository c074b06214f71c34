import { EXIT } from "../errors.ts";
import type { ErrorReply } from "./protocol.ts";

interface Extra {
  readonly help?: readonly string[];
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
    const { help } = this.extra;
    return {
      v: 1,
      kind: "error",
      code: this.code,
      message: this.message,
      ...(help === undefined ? {} : { help }),
      exit: this.extra.exit ?? EXIT.supervisor,
    };
  }
}
