import type { ServiceSpec } from "../core/spec.ts";

/** A spec in the table: its place among the forms, its env and its inherited variables among the values. */
export type SpecRef = readonly [form: number, env: number, inherited: number];

type Values = Readonly<Record<string, string>>;

/** Each distinct part of many specs once: instances, revisions and the file mostly mean the same one. */
export interface SpecTable {
  /** A spec without `env` and `inherited`. */
  readonly forms: readonly unknown[];
  readonly values: readonly Values[];
}

/** Specs never change, so what one looks like as text is worked out once. */
const formTexts = new WeakMap<ServiceSpec, string>();
const valueTexts = new WeakMap<Values, string>();

/** Collects specs while a document is written, and gives each its reference. */
export class SpecWriter {
  readonly #forms = new Map<string, number>();
  readonly #values = new Map<string, number>();

  ref(spec: ServiceSpec): SpecRef {
    return [
      place(this.#forms, formText(spec)),
      place(this.#values, valueText(spec.env)),
      place(this.#values, valueText(spec.inherited)),
    ];
  }

  values(values: Values): number {
    return place(this.#values, valueText(values));
  }

  get size(): number {
    return this.#forms.size + this.#values.size;
  }

  /** The table as JSON; made of texts that are there already. */
  text(): string {
    return `{"forms":[${[...this.#forms.keys()].join()}],"values":[${[...this.#values.keys()].join()}]}`;
  }
}

/** Gives back specs by their references; the same reference is the same object. */
export class SpecReader {
  readonly #table: SpecTable;
  readonly #complete: (form: object) => ServiceSpec;
  readonly #known = new Map<string, ServiceSpec>();

  /** `complete` makes a spec of this version out of a form that an earlier one wrote. */
  constructor(table: SpecTable, complete: (form: object) => ServiceSpec) {
    this.#table = table;
    this.#complete = complete;
  }

  spec(ref: SpecRef): ServiceSpec {
    const key = ref.join();
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const [form, env, inherited] = ref;
    const found = this.#table.forms[form];
    if (typeof found !== "object" || found === null) throw new Error(`no spec form ${form}`);
    const complete = this.#complete(found);
    const spec = { ...complete, env: this.values(env), inherited: this.values(inherited) };
    this.#known.set(key, spec);
    return spec;
  }

  values(at: number): Values {
    const found = this.#table.values[at];
    if (found === undefined) throw new Error(`no values ${at}`);
    return found;
  }
}

function place(table: Map<string, number>, text: string): number {
  const known = table.get(text);
  if (known !== undefined) return known;
  table.set(text, table.size);
  return table.size - 1;
}

function formText(spec: ServiceSpec): string {
  const known = formTexts.get(spec);
  if (known !== undefined) return known;
  const { env: _env, inherited: _inherited, ...form } = spec;
  const text = JSON.stringify(form);
  formTexts.set(spec, text);
  return text;
}

function valueText(values: Values): string {
  const known = valueTexts.get(values);
  if (known !== undefined) return known;
  const text = JSON.stringify(values);
  valueTexts.set(values, text);
  return text;
}
