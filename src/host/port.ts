import { createServer } from "node:net";

/** A free TCP port of this machine, none of `taken`: bound once to find it, and let go for the program. */
export async function freePort(taken: ReadonlySet<number>): Promise<number> {
  for (let tries = 0; tries < 50; tries++) {
    const port = await bindAny();
    if (!taken.has(port)) return port;
  }
  throw new Error("no free port was found in 50 tries");
}

function bindAny(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ port: 0, host: "127.0.0.1" }, () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
