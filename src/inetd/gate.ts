import { createServer, type Server, type Socket } from "node:net";

/** A listening socket that can be told to take no further connection: they wait in the kernel's queue. */
export interface Gate {
  open(taken: (socket: Socket, isUnix: boolean) => void, failed: (error: Error) => void): void;
  pause(): void;
  resume(): void;
  /** For good. The socket itself is held by others, who go on queueing connections. */
  close(): void;
}

/** What of Node is not documented: the handle behind a server, which reads connections as others read bytes. */
interface ListeningHandle {
  readStart(): number;
  readStop(): number;
}

const KEEPALIVE_MS = 60_000;

/**
 * The gate of a listening socket that was inherited. Where this Node cannot pause one, connections are taken
 * while it is closed too, and `taken` is called for each: whoever counts must be able to keep some waiting.
 */
export function gateAt(fd: number): Gate {
  // A client that has gone without a word is found out by the kernel, or its process would wait for ever.
  const server = createServer({
    pauseOnConnect: true,
    allowHalfOpen: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEPALIVE_MS,
  });
  let isPaused = false;
  const apply = (): void => {
    const handle = handleOf(server);
    // Only what has been told to read can be told to stop.
    if (isPaused) handle?.readStop();
    else handle?.readStart();
  };
  return {
    open(taken, failed) {
      server.on("connection", (socket: Socket) => {
        // Only a TCP socket has an address that is more than a path.
        taken(socket, typeof server.address() !== "object" || server.address() === null);
      });
      server.on("error", failed);
      server.on("listening", apply);
      server.listen({ fd });
    },
    pause() {
      isPaused = true;
      apply();
    },
    resume() {
      isPaused = false;
      apply();
    },
    close() {
      server.close();
    },
  };
}

function handleOf(server: Server): ListeningHandle | null {
  // Checked below: the name is Node's own, and old.
  const handle = (server as unknown as { _handle?: Partial<ListeningHandle> | null })._handle;
  const { readStart, readStop } = handle ?? {};
  if (typeof readStart !== "function" || typeof readStop !== "function") return null;
  return { readStart: readStart.bind(handle), readStop: readStop.bind(handle) };
}
