import { createServer, type OnReadOpts, type Server, Socket } from "node:net";

/**
 * What Node has but does not document, all in this file: the handle behind a listening socket, from which accepted
 * connections are taken without Node's own buffers (a third less work for each byte), and with which accepting
 * rests without closing the socket. Where a Node has it no more, connections come as documented.
 */
interface Handle {
  onconnection?: (status: number, client: ClientHandle | undefined) => void;
  readStart?: () => number;
  readStop?: () => number;
}

interface ClientHandle {
  setNoDelay?: (on: boolean) => void;
  readonly reading?: boolean;
}

/** Bytes that have come: `length` of `bytes`, which are only lent. Returns whether more may come at once. */
export type OnBytes = (bytes: Buffer, length: number) => boolean;

/** A connection that nothing has been read from; gives the socket with which `onBytes` is called once it is resumed. */
export type Accepted = (onBytes: OnBytes) => Socket;

/** Read into by all sockets in turn: what is to be kept is copied. */
export const READ_BYTES = 64 * 1024;
const shared = Buffer.allocUnsafeSlow(READ_BYTES);

/** For `connect` too. */
export function readingInto(onBytes: OnBytes): OnReadOpts {
  return { buffer: shared, callback: (length) => onBytes(shared, length) };
}

/** One listening socket of which connections are taken. */
export class Listener {
  readonly #server: Server;
  readonly #fd: number;
  #isResting = false;

  constructor(fd: number, onAccepted: (accepted: Accepted) => void) {
    this.#fd = fd;
    const options = { allowHalfOpen: true, pauseOnConnect: true, noDelay: true };
    this.#server = createServer(options, (socket) => onAccepted(documented(socket)));
    this.#server.on("listening", () => {
      const handle = handleOf(this.#server);
      if (handle?.onconnection === undefined) return;
      handle.onconnection = (status, client) => {
        if (status === 0 && client !== undefined) onAccepted(handled(client));
      };
    });
  }

  /** Rejects when the descriptor is no listening socket. */
  open(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ fd: this.#fd }, resolve);
    });
  }

  /** Accepts nothing for a while: who connects waits in the queue of the socket. */
  rest(): void {
    if (this.#isResting) return;
    const handle = handleOf(this.#server);
    if (handle?.readStart === undefined || handle.readStop === undefined) return;
    // Only what was started can be stopped, and a socket that listens counts as not started.
    handle.readStart();
    handle.readStop();
    this.#isResting = true;
  }

  goOn(): void {
    if (!this.#isResting) return;
    handleOf(this.#server)?.readStart?.();
    this.#isResting = false;
  }

  /** Lets go of the socket, which others go on holding. */
  close(): void {
    this.#server.close();
  }
}

function handleOf(server: Server): Handle | null {
  // Not in Node's types; all of it is optional, and looked for before it is used.
  const { _handle } = server as unknown as { readonly _handle?: Handle | null };
  return typeof _handle?.onconnection === "function" ? _handle : null;
}

function handled(handle: ClientHandle): Accepted {
  return (onBytes) => {
    handle.setNoDelay?.(true);
    const options = {
      handle,
      manualStart: true,
      allowHalfOpen: true,
      onread: readingInto(onBytes),
    };
    return new Socket(options);
  };
}

function documented(socket: Socket): Accepted {
  return (onBytes) => {
    socket.on("data", (bytes: Buffer) => {
      if (!onBytes(bytes, bytes.length)) socket.pause();
    });
    return socket;
  };
}
