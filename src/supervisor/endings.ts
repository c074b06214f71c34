/** Whoever asks for the end a second time wants it in a hurry; two who ask once, as when a machine goes down, do not. */
export class Endings {
  readonly #asked = new Map<string, number>();
  #heard = 0;
  #listener: ((why: string) => void) | null = null;

  ask(who: string): void {
    this.#asked.set(who, (this.#asked.get(who) ?? 0) + 1);
    this.#tell(who);
  }

  hear(listener: (why: string) => void): void {
    this.#listener = listener;
    const [first] = this.#asked.keys();
    if (first !== undefined) this.#tell(first);
  }

  #tell(who: string): void {
    const most = Math.max(...this.#asked.values());
    if (this.#listener === null || most <= this.#heard) return;
    this.#heard = most;
    this.#listener(who === "guardian" ? "SIGTERM to the guardian" : who);
  }
}
