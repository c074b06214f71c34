import { addressText } from "../core/address.ts";
import type { Event } from "../core/event.ts";
import type { ListenAddress, ServiceSpec } from "../core/spec.ts";

export interface SocketsOptions {
  readonly emit: (event: Event) => void;
}

/** The listening sockets of one project, held without ever accepting. */
export class Sockets {
  readonly #options: SocketsOptions;

  constructor(options: SocketsOptions) {
    this.#options = options;
  }

  bind(service: string, address: ListenAddress, _backlog: number): void {
    const detail = "sockets cannot be bound yet";
    setImmediate(() =>
      this.#options.emit({ kind: "unbindable", service, address: addressText(address), detail }),
    );
  }

  unbind(address: ListenAddress): void {
    setImmediate(() => this.#options.emit({ kind: "unbound", address: addressText(address) }));
  }

  wakeOn(_specs: readonly ServiceSpec[]): void {}

  count(_specs: readonly ServiceSpec[]): void {}

  close(): void {}
}
