import cluster from "node:cluster";
import { isMainThread } from "node:worker_threads";
import { BackDoor } from "./back-door.ts";
import { Balance, openBalance } from "./balance.ts";
import { patchSpawn } from "./children.ts";
import { type Given, readStop } from "./given.ts";
import { canShare } from "./inside-node.ts";
import { patchListen } from "./listen.ts";
import { ServedList } from "./served.ts";
import { SharedSocket } from "./shared.ts";
import { Stop } from "./stop.ts";
import { followMainThread, Threads } from "./threads.ts";

/** Gives the sockets to the servers of this process, and ends those gently when it is told to stop. */
export function install(given: readonly Given[], message: string | null): void {
  const served = new ServedList();
  const sockets = canShare() ? given.map((each) => new SharedSocket(each)) : [];
  const door = new BackDoor();
  let balance: Balance | null = null;
  const end = () => {
    door.close();
    balance?.close();
  };
  const order = isMainThread ? readStop(process.env) : null;
  if (order !== null) {
    new Stop({ order, message, served, threads: new Threads(), end });
  }
  if (sockets.length === 0) return;
  let isFirst = true;
  served.onShared = () => {
    if (!isFirst) return;
    isFirst = false;
    balance = startBalance(served, sockets);
    if (!isMainThread) followMainThread(served);
    const { PROCS_UPSTREAM: path } = process.env;
    if (path !== undefined) door.open(path, served, sockets);
  };
  patchListen(sockets, served);
  patchSpawn(given, () => cluster.isPrimary && !sockets.some((socket) => socket.isServed));
}

/** Where this process serves connections itself; null: it cannot be done, or a primary gives them to workers. */
function startBalance(served: ServedList, sockets: readonly SharedSocket[]): Balance | null {
  const place = isMainThread ? openBalance(process.env) : null;
  if (place === null) return null;
  const balance = new Balance({ served, sockets, ...place });
  served.onTraffic = () => balance.changed();
  balance.changed();
  return balance;
}
