import { INSTANCE_MARK } from "../core/spec.ts";
import type { Diagnostic } from "../errors.ts";
import { problemAt } from "./problems.ts";
import type { Place } from "./source.ts";
import type { Reference, Resolver, TemplateProblem } from "./template.ts";

/** Stands for the service's name until it is known whose value it is: `defaults` and the file's `env` are everybody's. */
export const SERVICE_MARK = "\uE001";

/** The fixed ports of the services: a number, `auto`, or null where a service has none. */
export type Ports = ReadonlyMap<string, number | "auto" | null>;

/** What `${procs.…}` and `${services.…}` stand for. */
export function referenceOf(name: string, ports: Ports): Reference {
  if (name === "procs.instance") return { kind: "value", text: INSTANCE_MARK };
  if (name === "procs.service") return { kind: "value", text: SERVICE_MARK };
  const service = /^services\.(.+)\.port$/.exec(name)?.[1];
  if (service === undefined) {
    return none("P209", `procs knows no ${"$"}{${name}}`, KNOWN);
  }
  const port = ports.get(service);
  if (typeof port === "number") return { kind: "value", text: String(port) };
  const fallback = `give a default: ${"$"}{${name}:-3000}`;
  if (port === undefined) return none("P202", `there is no service "${service}"`, fallback);
  return port === "auto"
    ? none(
        "P209",
        `the port of "${service}" is auto: it is not known before it runs`,
        `give it a fixed port, or ${fallback}`,
      )
    : none("P209", `service "${service}" has no port`, `give it one (port: 3000), or ${fallback}`);
}

const KNOWN = `there are \${procs.service}, \${procs.instance} and \${services.NAME.port}`;

function none(code: string, message: string, help: string): Reference {
  return { kind: "none", code, message, help };
}

/** A resolver for texts in which only variables make sense, such as paths of included files. */
export function variablesOnly(variable: Resolver["variable"]): Resolver {
  return {
    variable,
    reference: (name) => none("P209", `${"$"}{${name}} has no meaning here`, "write the value out"),
  };
}

/** An env file that was looked in, and how many variables it has. */
export interface LookedIn {
  readonly shown: string;
  readonly count: number;
}

/** A `${…}` that could not be replaced, as a diagnostic that points at it. */
export function templateProblem(
  problem: TemplateProblem,
  around: Place,
  lookedIn: readonly LookedIn[],
): Diagnostic {
  const place = within(around, problem.expression);
  const { code, name, expression } = problem;
  switch (problem.kind) {
    case "unset": {
      const help = `${whereToAdd(lookedIn)}, or give a default: ${"$"}{${name}:-${exampleFor(name)}}`;
      return problemAt(place, {
        code,
        message: `${"$"}{${name}} is not set`,
        note: placesOf(lookedIn),
        help,
      });
    }
    case "required": {
      const message = `${"$"}{${name}} is needed: ${problem.message}`;
      return problemAt(place, {
        code,
        message,
        note: placesOf(lookedIn),
        help: whereToAdd(lookedIn),
      });
    }
    case "reference":
      return problemAt(place, { code, message: problem.message, help: problem.help });
    case "malformed":
      return problemAt(place, {
        code,
        message: `"${shortened(expression)}" ${problem.message}`,
        help: `a variable is ${"$"}NAME or ${"$"}{NAME}; for a dollar sign write $$`,
      });
  }
}

function placesOf(lookedIn: readonly LookedIn[]): string {
  const files = lookedIn.map(({ shown, count }) => {
    return `in ${shown} (${count} ${count === 1 ? "variable" : "variables"}, not this one)`;
  });
  if (files.length === 0) return "looked in the shell; the file names no env_file";
  const last = files.pop();
  return `looked in the shell${files.map((file) => `, ${file}`).join("")} and ${last}`;
}

function whereToAdd(lookedIn: readonly LookedIn[]): string {
  const last = lookedIn.at(-1);
  return last === undefined ? "set it in the shell" : `add it to ${last.shown}`;
}

function exampleFor(name: string): string {
  for (const [pattern, example] of EXAMPLES) if (pattern.test(name)) return example;
  return "value";
}

const EXAMPLES: readonly (readonly [RegExp, string])[] = [
  [/DATABASE_URL|POSTGRES.*URL/, "postgres://localhost/shop"],
  [/REDIS.*URL/, "redis://localhost:6379"],
  [/UR[LI]$/, "http://localhost:3000"],
  [/PORT$/, "3000"],
  [/HOST$/, "localhost"],
];

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** Where an expression stands in the source of a value; the whole value when escapes hide it. */
function within(place: Place, expression: string): Place {
  const at = place.file.text.slice(place.start, place.end).indexOf(expression);
  if (at === -1 || expression === "") return place;
  const start = place.start + at;
  return { file: place.file, start, end: start + expression.length };
}
