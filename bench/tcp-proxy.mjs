// The shortest TCP proxy that Node can be: connections go to the upstreams in turn. The peer in bench/throughput.mjs.
//   PORT=3000 UPSTREAMS=3001,3002 node bench/tcp-proxy.mjs
import { connect, createServer } from "node:net";

const upstreams = (process.env.UPSTREAMS ?? "").split(",").map(Number);
let next = 0;
createServer({ noDelay: true }, (client) => {
  next = (next + 1) % upstreams.length;
  const upstream = connect({ port: upstreams[next], host: "127.0.0.1", noDelay: true });
  client.pipe(upstream).pipe(client);
  client.on("error", () => upstream.destroy());
  upstream.on("error", () => client.destroy());
}).listen(process.env.PORT);
