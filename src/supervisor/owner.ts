/** How long the `up` of a supervisor that died has to come back before its project ends without it. */
const RETURN_MS_MAX = 10_000;

export interface OwnerOptions {
  /** The owner went away without letting go. */
  readonly onLost: () => void;
  /** Whether there is one has changed: to be remembered beyond this supervisor. */
  readonly onChange: (isOwned: boolean) => void;
}

/**
 * The attached `up` that started the project. When its connection ends and it has not let go, the project
 * is to end with it. The first one to come is the owner; nobody else can be.
 */
export class Owner {
  readonly #options: OwnerOptions;
  #current: object | null = null;
  #awaited: NodeJS.Timeout | null = null;

  constructor(options: OwnerOptions) {
    this.#options = options;
  }

  /** The project had an owner when the supervisor before this one died: it is given time to come again. */
  expect(): void {
    this.#awaited = setTimeout(() => this.#options.onLost(), RETURN_MS_MAX);
    this.#awaited.unref();
  }

  /** Its owner has neither come again nor been given up. */
  get isAwaited(): boolean {
    return this.#awaited !== null;
  }

  /** Call what it returns when the connection is gone; null: there is an owner already. */
  take(): (() => void) | null {
    if (this.#current !== null) return null;
    this.#arrived();
    const claim = {};
    this.#current = claim;
    this.#options.onChange(true);
    return () => {
      if (this.#current !== claim) return;
      this.#current = null;
      this.#options.onLost();
    };
  }

  release(): void {
    this.#arrived();
    this.#current = null;
    this.#options.onChange(false);
  }

  #arrived(): void {
    if (this.#awaited !== null) clearTimeout(this.#awaited);
    this.#awaited = null;
  }
}
