import type { Target } from "../control/protocol.ts";
import { EXIT, type UserError, userError } from "../errors.ts";
import { suggest } from "./suggest.ts";

/** What a selection needs to know about a service. */
export interface Selectable {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** What the words on the command line mean: whole services, or single instances of them. */
export interface Selection {
  /** In the order of the file, each once; a service of which only an instance was named too. */
  readonly services: readonly string[];
  readonly targets: readonly Target[];
}

/**
 * Reads `api`, `api.2`, `'web*'`, `@label`, `@label=value`, `all` and `!worker` (except).
 * Only exceptions means all but those. Throws UserError (exit 2) for an id, an unknown name, and for
 * words that leave nothing.
 */
export function select(words: readonly string[], services: readonly Selectable[]): Selection {
  const terms = words.map((word) => readTerm(word, services));
  const chosen = terms.filter((term) => !term.except);
  const base = chosen.length > 0 ? chosen.flatMap((term) => term.targets) : wholes(services);
  const excluded = terms.filter((term) => term.except).flatMap((term) => term.targets);
  const targets = inFileOrder(services, unique(base)).filter(
    (target) => !excluded.some((other) => covers(other, target)),
  );
  if (targets.length === 0) {
    throw wrong("P804", `nothing is left to do: ${words.join(" ")} leaves no service`, [
      `the services are: ${names(services)}`,
    ]);
  }
  return { services: [...new Set(targets.map((target) => target.service))], targets };
}

/** As `select`, for commands that work on whole services: `api.2` is refused (exit 2). */
export function selectServices(
  words: readonly string[],
  services: readonly Selectable[],
  command: string,
): readonly string[] {
  const selection = select(words, services);
  const single = selection.targets.find((target) => target.instance !== null);
  if (single !== undefined) {
    const name = `${single.service}.${single.instance}`;
    throw wrong("P806", `procs ${command} works on whole services, and ${name} is one instance`, [
      `procs ${command} ${single.service}`,
    ]);
  }
  return selection.services;
}

interface Term {
  readonly except: boolean;
  readonly targets: readonly Target[];
}

function readTerm(word: string, services: readonly Selectable[]): Term {
  const except = word.startsWith("!");
  return { except, targets: readName(except ? word.slice(1) : word, services) };
}

function readName(word: string, services: readonly Selectable[]): readonly Target[] {
  const exact = services.filter((service) => service.name === word);
  if (exact.length > 0) return wholes(exact);
  if (word === "all") return wholes(services);
  if (/^\d+$/.test(word)) throw wrong("P805", `procs uses names, not ids: ${names(services)}`);
  if (word.startsWith("@")) return labelled(word, services);
  if (/[*?]/.test(word)) return matching(word, services);
  return [readInstance(word, services) ?? unknown(word, services)];
}

function readInstance(word: string, services: readonly Selectable[]): Target | null {
  const parts = /^(.+)\.(\d+)$/.exec(word);
  const service = parts?.[1];
  if (service === undefined || !services.some((known) => known.name === service)) return null;
  const instance = Number(parts?.[2]);
  if (instance < 1) throw wrong("P805", `instances count from 1: ${service}.1`);
  return { service, instance };
}

function labelled(word: string, services: readonly Selectable[]): readonly Target[] {
  const [label = "", value] = word.slice(1).split("=", 2);
  const found = services.filter((service) => {
    const given = service.labels[label];
    return given !== undefined && (value === undefined || given === value);
  });
  if (found.length > 0) return wholes(found);
  const labels = [...new Set(services.flatMap((service) => Object.keys(service.labels)))];
  const help = labels.length > 0 ? [`the labels are: ${labels.join(", ")}`] : [];
  throw wrong("P804", `no service has the label "${word.slice(1)}"`, help);
}

function matching(pattern: string, services: readonly Selectable[]): readonly Target[] {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  const expression = new RegExp(`^${escaped.replaceAll("*", ".*").replaceAll("?", ".")}$`);
  const found = services.filter((service) => expression.test(service.name));
  if (found.length > 0) return wholes(found);
  throw wrong("P804", `no service matches "${pattern}"`, [`the services are: ${names(services)}`]);
}

function unknown(word: string, services: readonly Selectable[]): never {
  const near = suggest(
    word.replace(/\.\d+$/, ""),
    services.map((service) => service.name),
  );
  throw wrong("P804", `no service is called "${word}"`, [
    near === null
      ? `the services are: ${names(services)}`
      : `a service with a similar name exists: ${near}`,
  ]);
}

function names(services: readonly Selectable[]): string {
  const shown = services.slice(0, 12).map((service) => service.name);
  const more = services.length - shown.length;
  return shown.join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function wholes(services: readonly Selectable[]): readonly Target[] {
  return services.map((service) => ({ service: service.name, instance: null }));
}

function covers(other: Target, target: Target): boolean {
  if (other.service !== target.service) return false;
  return other.instance === null || other.instance === target.instance;
}

/** A whole service swallows its instances. */
function unique(targets: readonly Target[]): readonly Target[] {
  const whole = new Set(targets.filter((t) => t.instance === null).map((t) => t.service));
  const seen = new Set<string>();
  return targets.filter((target) => {
    const key = `${target.service}.${target.instance}`;
    if (seen.has(key) || (target.instance !== null && whole.has(target.service))) return false;
    seen.add(key);
    return true;
  });
}

function inFileOrder(
  services: readonly Selectable[],
  targets: readonly Target[],
): readonly Target[] {
  return services.flatMap((service) =>
    targets
      .filter((target) => target.service === service.name)
      .toSorted((a, b) => (a.instance ?? 0) - (b.instance ?? 0)),
  );
}

function wrong(code: string, message: string, help: readonly string[] = []): UserError {
  return userError(EXIT.usage, code, message, { help });
}
