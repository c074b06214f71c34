/** Where the names in `${…}` come from. */
export interface Resolver {
  readonly variable: (name: string) => string | undefined;
  /** `procs.service`, `services.db.port`. */
  readonly reference: (name: string) => Reference;
}

export type Reference =
  | { readonly kind: "value"; readonly text: string }
  /** A default may stand in; without one it is a problem. */
  | {
      readonly kind: "none";
      readonly code: string;
      readonly message: string;
      readonly help: string;
    };

export interface TemplateProblem {
  readonly kind: "unset" | "required" | "malformed" | "reference";
  readonly code: string;
  /** As written: `${PORT:?say which}`. */
  readonly expression: string;
  readonly name: string;
  readonly message: string;
  readonly help?: string;
}

export interface Expanded {
  readonly text: string;
  readonly problems: readonly TemplateProblem[];
}

/**
 * Replaces `$NAME` and `${NAME…}` as Compose does. With `references` only `${procs.…}` and
 * `${services.…}` are replaced: every other `$` belongs to the shell that will read the text.
 */
export function expand(text: string, resolver: Resolver, mode: Mode): Expanded {
  if (!text.includes("$")) return { text, problems: [] };
  const run: Run = { resolver, mode, problems: [] };
  return { text: expandPart(text, 0, run), problems: run.problems };
}

export type Mode = "all" | "references";

interface Run {
  readonly resolver: Resolver;
  readonly mode: Mode;
  readonly problems: TemplateProblem[];
}

/** Defaults inside defaults. */
const NESTING_MAX = 20;
/** A few variables, each used a thousand times, would make texts without end. */
const EXPANDED_MAX = 1_000_000;

interface Piece {
  readonly text: string;
  /** Where reading goes on. */
  readonly end: number;
}

function expandPart(text: string, nesting: number, run: Run): string {
  let out = "";
  let at = 0;
  for (;;) {
    const dollar = text.indexOf("$", at);
    if (dollar === -1) return out + text.slice(at);
    out += text.slice(at, dollar);
    const piece = pieceAt(text, dollar, nesting, run);
    out += piece.text;
    at = piece.end;
    if (out.length > EXPANDED_MAX) {
      run.problems.push(
        malformed(
          text.slice(dollar, at),
          "makes the text longer than a million characters",
          "P108",
        ),
      );
      return "";
    }
  }
}

function pieceAt(text: string, dollar: number, nesting: number, run: Run): Piece {
  const rest = text.slice(dollar, dollar + NAME_MAX);
  if (run.mode === "references") {
    if (/^\$\{(?:procs|services)\./.test(rest)) return braced(text, dollar, nesting, run);
    return { text: "$", end: dollar + 1 };
  }
  if (rest.startsWith("$$")) return { text: "$", end: dollar + 2 };
  if (rest.startsWith("${")) return braced(text, dollar, nesting, run);
  const name = /^\$([A-Za-z_][A-Za-z0-9_]*)/.exec(rest)?.[1];
  if (name !== undefined) {
    return { text: variableValue(name, `$${name}`, run), end: dollar + 1 + name.length };
  }
  const expression = rest.slice(0, 2);
  run.problems.push(malformed(expression, "is no variable: a name, { or $ must follow the $"));
  return { text: "", end: dollar + expression.length };
}

/** Longer names of variables are no names. */
const NAME_MAX = 300;
const BODY =
  /^(procs\.[A-Za-z]+|services\.[A-Za-z0-9][A-Za-z0-9_-]*?\.[A-Za-z]+|[A-Za-z_][A-Za-z0-9_]*)(?:(:?[-?+])([\s\S]*))?$/;

function braced(text: string, dollar: number, nesting: number, run: Run): Piece {
  const close = closingBrace(text, dollar);
  if (close === -1) {
    const line = text.slice(dollar, dollar + NAME_MAX).split(/\s/)[0] ?? "";
    run.problems.push(malformed(line, "is not closed: a } is missing"));
    return { text: "", end: text.length };
  }
  const expression = text.slice(dollar, close + 1);
  const end = close + 1;
  if (nesting >= NESTING_MAX) {
    run.problems.push(malformed(expression, `is nested deeper than ${NESTING_MAX} levels`));
    return { text: "", end };
  }
  const match = BODY.exec(text.slice(dollar + 2, close));
  if (match === null) {
    run.problems.push(malformed(expression, "is not a variable that procs can read"));
    return { text: "", end };
  }
  const [, name = "", operator, argument = ""] = match;
  const alternative = (): string => expandPart(argument, nesting + 1, run);
  return { text: chosen(name, operator, alternative, expression, run), end };
}

/** Only what is used is read: an unset name in a default that is not needed is no problem. */
function chosen(
  name: string,
  operator: string | undefined,
  alternative: () => string,
  expression: string,
  run: Run,
): string {
  if (operator === undefined) return variableValue(name, expression, run);
  const value = found(name, run);
  const isSet = value !== undefined && (value !== "" || !operator.startsWith(":"));
  switch (operator.at(-1)) {
    case "-":
      return isSet ? value : alternative();
    case "+":
      return isSet ? alternative() : "";
    default: {
      if (isSet) return value;
      const said = alternative();
      const message = said === "" ? (value === "" ? "is empty" : "is not set") : said;
      run.problems.push({ kind: "required", code: "P206", expression, name, message });
      return "";
    }
  }
}

function found(name: string, run: Run): string | undefined {
  if (!name.includes(".")) return run.resolver.variable(name);
  const reference = run.resolver.reference(name);
  return reference.kind === "value" ? reference.text : undefined;
}

function variableValue(name: string, expression: string, run: Run): string {
  if (!name.includes(".")) {
    const value = run.resolver.variable(name);
    if (value !== undefined) return value;
    run.problems.push({ kind: "unset", code: "P206", expression, name, message: "is not set" });
    return "";
  }
  const reference = run.resolver.reference(name);
  if (reference.kind === "value") return reference.text;
  run.problems.push({ ...reference, kind: "reference", expression, name });
  return "";
}

function malformed(expression: string, message: string, code = "P209"): TemplateProblem {
  return { kind: "malformed", code, expression, name: "", message };
}

/** The } that closes the ${ at `open`; -1 when there is none. */
function closingBrace(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at += 1) {
    const two = text.slice(at, at + 2);
    if (two === "${") depth += 1;
    if (two === "${" || two === "$$") at += 1;
    else if (text[at] === "}") {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  return -1;
}
