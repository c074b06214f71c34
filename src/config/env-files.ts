import { resolve } from "node:path";
import { type EnvEntry, type EnvText, parseEnvText } from "./env-text.ts";
import { expandPath, type Session } from "./files.ts";
import { problemAt } from "./problems.ts";
import { type LookedIn, templateProblem, variablesOnly } from "./replace.ts";
import { readSource, shownPath } from "./source.ts";
import { child, type ScalarTree, type Tree } from "./tree.ts";

/** The env files of a project, each read once. */
export class EnvFiles {
  readonly #session: Session;
  readonly #texts = new Map<string, EnvText | null>();
  /** Those of the whole file: their variables can be used in it. */
  readonly #global: { readonly shown: string; readonly text: EnvText }[] = [];

  constructor(session: Session) {
    this.#session = session;
  }

  /** Reads the `env_file` of a whole file; later calls win. */
  addGlobal(tree: Tree | undefined): void {
    for (const { path, text } of this.#read(tree)) {
      this.#global.push({ shown: shownPath(path, this.#session.cwd), text });
    }
  }

  /** The variables of a service's own `env_file`, later files winning. */
  own(tree: Tree | undefined): ReadonlyMap<string, EnvEntry> {
    return new Map(this.#read(tree).flatMap(({ text }) => [...text.entries]));
  }

  get global(): ReadonlyMap<string, EnvEntry> {
    return new Map(this.#global.flatMap(({ text }) => [...text.entries]));
  }

  /** A variable for `${NAME}`: the shell's, else that of the last env file that has it. */
  lookup(name: string): string | undefined {
    const value = this.#session.shell.lookup(name);
    if (value !== undefined) return value;
    return this.#global.findLast(({ text }) => text.entries.has(name))?.text.entries.get(name)
      ?.value;
  }

  get lookedIn(): readonly LookedIn[] {
    return this.#global.map(({ shown, text }) => ({ shown, count: text.entries.size }));
  }

  #read(tree: Tree | undefined): readonly { readonly path: string; readonly text: EnvText }[] {
    const items = tree === undefined ? [] : tree.kind === "list" ? tree.items : [tree];
    return items.flatMap((item) => {
      const named = item.kind === "map" ? child(item, "path") : item;
      if (named?.kind !== "scalar" || named.value === null) return [];
      const required = child(item, "required");
      const isRequired = !(required?.kind === "scalar" && required.text === "false");
      const name = expandPath(named, this.#session);
      if (name === null) return [];
      const path = resolve(named.place.file.folder, name);
      const text = this.#open(path, named, isRequired);
      return text === null ? [] : [{ path, text }];
    });
  }

  #open(path: string, named: ScalarTree, isRequired: boolean): EnvText | null {
    const known = this.#texts.get(path);
    if (known !== undefined && (known !== null || !isRequired)) return known;
    const session = this.#session;
    const reading = readSource(path, session.cwd);
    session.inputs.add(path);
    let text: EnvText | null = null;
    if (reading.kind === "file") {
      session.shown.push(reading.file.shown);
      const resolver = variablesOnly((name) => this.lookup(name));
      const { file } = reading;
      text = parseEnvText(file, resolver, ({ problems }, place, count) => {
        const lookedIn = [...this.lookedIn, { shown: file.shown, count }];
        return problems.map((problem) => templateProblem(problem, place, lookedIn));
      });
      session.problems.addAll(text.problems);
    } else if (reading.kind === "bad") {
      const { message, notes, help } = reading.diagnostic;
      session.problems.add(
        problemAt(named.place, { code: "P207", message, note: notes?.[0], help }),
      );
    } else if (isRequired) {
      session.problems.add(
        problemAt(named.place, {
          code: "P207",
          message: `env file ${shownPath(path, session.cwd)} does not exist`,
          help: `create it, or say that it may be missing: { path: ${named.text}, required: false }`,
        }),
      );
    }
    this.#texts.set(path, text);
    return text;
  }
}
