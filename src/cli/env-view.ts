import { listenPort } from "../core/address.ts";
import { isSecret } from "../core/secret.ts";
import { INSTANCE_MARK, type Project, type ServiceSpec, type Source } from "../core/spec.ts";

/** One variable that a service is given. */
export interface Variable {
  readonly name: string;
  readonly value: string;
  readonly secret: boolean;
  /** `inherited`: from the shell of the first `up`. `procs`: given to each instance. */
  readonly from: "file" | "inherited" | "procs";
  readonly source: Source | null;
  /** What it runs with, where the file says something else by now; null: the same, or nothing runs. */
  readonly runsWith: { readonly value: string | null } | null;
}

export interface EnvFacts {
  readonly project: Project;
  readonly spec: ServiceSpec;
  readonly ambient: Readonly<Record<string, string>>;
  /** The spec as last applied; null: nothing runs. */
  readonly applied: ServiceSpec | null;
}

/** What the first instance of a service is given: the file's first, then procs's own, then what is inherited. */
export function variablesOf(facts: EnvFacts): readonly Variable[] {
  const { spec, applied, project } = facts;
  const own = Object.entries(spec.env).map(([name, value]) =>
    variable(name, value, {
      from: "file",
      source: project.sources[spec.name]?.[`env.${name}`] ?? null,
      runsWith: runsWith(name, value, applied),
    }),
  );
  const gone = Object.keys(applied?.env ?? {})
    .filter((name) => spec.env[name] === undefined)
    .map((name) =>
      variable(name, "", {
        from: "file",
        source: null,
        runsWith: { value: applied?.env[name] ?? null },
      }),
    );
  const given: (readonly [string, string])[] = [
    ["PROCS_SERVICE", spec.name],
    ["PROCS_INSTANCE", "1"],
  ];
  given.unshift(...portVariables(spec));
  const procs = given
    .filter(([name]) => spec.env[name] === undefined)
    .map(([name, value]) => variable(name, value, { from: "procs", source: null, runsWith: null }));
  const taken = new Set([...own, ...gone, ...procs].map((one) => one.name));
  const inherited = Object.entries(facts.ambient)
    .filter(([name]) => isInherited(name, spec) && !taken.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) =>
      variable(name, value, { from: "inherited", source: null, runsWith: null }),
    );
  return [...own, ...gone, ...procs, ...inherited];
}

/** A shared socket's port, or the instance's own; one that is chosen at each start is not known here. */
function portVariables(spec: ServiceSpec): readonly (readonly [string, string])[] {
  if (typeof spec.port === "number") return [["PORT", String(spec.port)]];
  const { listen } = spec;
  if (listen?.mode !== "share") return [];
  const port = listenPort(spec);
  return [
    ...(port === null ? [] : [["PORT", String(port)] as const]),
    ["LISTEN_FDS", String(listen.addresses.length)],
  ];
}

function variable(
  name: string,
  value: string,
  more: Pick<Variable, "from" | "source" | "runsWith">,
): Variable {
  const secret = isSecret(name, value) || isSecret(name, more.runsWith?.value ?? "");
  return { name, value: value.replaceAll(INSTANCE_MARK, "1"), secret, ...more };
}

function runsWith(name: string, value: string, applied: ServiceSpec | null): Variable["runsWith"] {
  if (applied === null || applied.env[name] === value) return null;
  return { value: applied.env[name] ?? null };
}

function isInherited(name: string, spec: ServiceSpec): boolean {
  if (typeof spec.inherit_env === "boolean") return spec.inherit_env;
  return spec.inherit_env.includes(name);
}
