/** Exit codes of every command; the table in docs/commands.md is generated from this. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  config: 3,
  supervisor: 4,
  timeout: 5,
  rolledBack: 6,
  no: 7,
  notExecutable: 126,
  notFound: 127,
  interrupted: 130,
  terminated: 143,
} as const;

/** A place in a file: 1-based line and column, end exclusive. Columns count UTF-16 units. */
export interface Range {
  readonly start: { readonly line: number; readonly column: number };
  readonly end: { readonly line: number; readonly column: number };
}

/** One problem in a form every face can show: terminal, plain, --json, and later the web. */
export interface Diagnostic {
  /** Stable code, `P103`; docs and fixtures hang on it. */
  readonly code: string;
  readonly severity: "error" | "warning";
  /** What is wrong, in one sentence that stands alone. */
  readonly message: string;
  /** Path as the user would type it, usually relative to the working folder. */
  readonly file?: string;
  readonly range?: Range;
  /** Text beside the caret: `not a service key`. */
  readonly label?: string;
  /** Second places: "first declared here". */
  readonly related?: readonly {
    readonly range: Range;
    readonly file?: string;
    readonly label: string;
    /** Its source line, when it is in another file than the diagnostic. */
    readonly text?: string;
  }[];
  /** The line of `file` where no more is known of the place. */
  readonly line?: number;
  /** Short ones, each with what it is about: `held by`, `node server.js   pid 2865`. */
  readonly facts?: readonly { readonly label: string; readonly text: string }[];
  readonly notes?: readonly string[];
  /** Actions a user can copy; one or two. */
  readonly help?: readonly string[];
  /** The source lines of `file` that a frame needs, by line number; absent when there is no place. */
  readonly lines?: Readonly<Record<number, string>>;
  /** A replacement an editor could apply. */
  readonly fix?: { readonly range: Range; readonly text: string };
}

/** A mistake or a failure that the user can act on: shown without a stack. */
export class UserError extends Error {
  override readonly name = "UserError";
  readonly exitCode: number;
  readonly diagnostics: readonly Diagnostic[];

  constructor(exitCode: number, diagnostics: Diagnostic | readonly Diagnostic[]) {
    const list = Array.isArray(diagnostics) ? diagnostics : [diagnostics as Diagnostic];
    super(list[0]?.message ?? "failed");
    this.exitCode = exitCode;
    this.diagnostics = list;
  }
}

/** Shorthand for the common single error. */
export function userError(
  exitCode: number,
  code: string,
  message: string,
  extra: Partial<Diagnostic> = {},
): UserError {
  return new UserError(exitCode, { code, severity: "error", message, ...extra });
}

/** What anything that was thrown says, in one text. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
