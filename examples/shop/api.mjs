// The shop's API: GET /products, POST /orders, GET /health.
import { createServer } from "node:http";
import { ask } from "./client.mjs";

const name = `${process.env.PROCS_SERVICE}.${process.env.PROCS_INSTANCE}`;

const routes = {
  "GET /health": async () => ({ ok: (await ask("GET", "schema")) !== "", instance: name }),
  "GET /products": async () => {
    const keys = (await ask("KEYS")).split(" ").filter((key) => key.startsWith("product:"));
    return {
      greeting: process.env.GREETING,
      products: await Promise.all(keys.map((key) => ask("GET", key))),
    };
  },
  "POST /orders": async () => {
    const order = await ask("INCR", "orders");
    await ask("PUSH", "queue", order);
    return { order };
  },
};

const server = createServer(async (request, response) => {
  const route = routes[`${request.method} ${request.url}`];
  try {
    const body = route ? await route() : { error: "not found" };
    response.writeHead(route ? 200 : 404, { "content-type": "application/json" });
    response.end(`${JSON.stringify(body)}\n`);
  } catch (error) {
    response.writeHead(503).end(`${error.message}\n`);
  }
  if (request.url !== "/health")
    console.log(`${request.method} ${request.url} ${response.statusCode}`);
});
server.listen(Number(process.env.PORT), "127.0.0.1", () =>
  console.log(`${name} listens on ${process.env.PORT}`),
);
process.on("SIGTERM", () => server.close(() => process.exit(0)));
