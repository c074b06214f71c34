import { connect, type Socket } from "node:net";
import type { ListenAddress, ListenSettings } from "../../src/core/spec.ts";
import { freePort } from "../../src/host/port.ts";
import { eventually, type HostRig } from "./rig.ts";

const open: Socket[] = [];

/** Ends the connections that a test has left open. */
export function hangUp(): void {
  for (const socket of open.splice(0)) socket.destroy();
}

/** An address of this machine that nobody has. */
export async function anyPort(host: string | null = "127.0.0.1"): Promise<ListenAddress> {
  return { kind: "tcp", host, port: await freePort(new Set()) };
}

/** Sockets that all instances share. */
export function listenOn(...addresses: readonly ListenAddress[]): ListenSettings {
  return {
    ...{ addresses, mode: "share", start: "always", idle_stop: null, backlog: 511, drain: 30_000 },
    ...{ sticky: false, proxy_protocol: false, wait: false, max_connections: 64 },
    ...{ per_source: null, rate: null },
  };
}

/** What the other side says until it closes; `ECONNREFUSED` and the like where it does not let us in. */
export function ask(address: ListenAddress, say = ""): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const to =
      address.kind === "unix" ? { path: address.path } : { port: address.port, host: "127.0.0.1" };
    const socket = connect(to, () => socket.end(say));
    open.push(socket);
    socket.on("data", (data) => {
      text += data.toString();
    });
    socket.on("close", () => resolve(text));
    socket.on("error", (error) => resolve("code" in error ? String(error.code) : error.message));
  });
}

/** A connection that stays, until `hangUp`. */
export function hold(address: ListenAddress): Promise<Socket> {
  const to =
    address.kind === "unix" ? { path: address.path } : { port: address.port, host: "127.0.0.1" };
  const socket = connect(to);
  open.push(socket);
  return new Promise((resolve, reject) => {
    socket.once("connect", () => resolve(socket));
    socket.on("error", reject);
  });
}

/** Binds for `api`, and waits until it is. */
export async function bind(rig: HostRig, address: ListenAddress): Promise<void> {
  const before = rig.events.length;
  rig.host.bind("api", address, 511);
  const isBound = () => rig.events.slice(before).some(({ kind }) => kind === "bound");
  await eventually("the socket is bound", isBound);
}
