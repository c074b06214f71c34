// The same plain server under node:cluster, as its documentation shows it: the peer in bench/throughput.mjs.
import cluster from "node:cluster";

if (cluster.isPrimary) for (let i = 0; i < Number(process.env.INSTANCES); i += 1) cluster.fork();
else await import("./server.mjs");
