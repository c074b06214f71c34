/** The environment that the command was called in. Remembers what the file asked of it. */
export class Shell {
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #asked = new Map<string, string | null>();

  constructor(env: Readonly<Record<string, string | undefined>>) {
    this.#env = env;
  }

  lookup(name: string): string | undefined {
    const value = Object.hasOwn(this.#env, name) ? this.#env[name] : undefined;
    this.#asked.set(name, value ?? null);
    return value;
  }

  /** Every name that was looked up, sorted, with its value or null. */
  variables(): Record<string, string | null> {
    return Object.fromEntries([...this.#asked].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}
