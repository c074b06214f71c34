/**
 * The attached `up` that started the project. When its connection ends and it has not let go, the project
 * is to end with it. The first one to come is the owner; nobody else can be.
 */
export class Owner {
  readonly #onLost: () => void;
  #current: object | null = null;

  constructor(onLost: () => void) {
    this.#onLost = onLost;
  }

  /** Call what it returns when the connection is gone; null: there is an owner already. */
  take(): (() => void) | null {
    if (this.#current !== null) return null;
    const claim = {};
    this.#current = claim;
    return () => {
      if (this.#current !== claim) return;
      this.#current = null;
      this.#onLost();
    };
  }

  release(): void {
    this.#current = null;
  }
}
