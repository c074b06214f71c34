// Counts visits in PostgreSQL (through psql, to need no package) and remembers the last one in Redis.
import { execFile } from "node:child_process";
import { createServer } from "node:http";
import { connect } from "node:net";
import { promisify } from "node:util";

const run = promisify(execFile);
const sql = async (text) => (await run("sh", ["psql.sh", "-c", text])).stdout.trim();

const redis = (line) =>
  new Promise((resolve, reject) => {
    const socket = connect(Number(process.env.REDIS_PORT), "127.0.0.1", () =>
      socket.write(`${line}\r\n`),
    );
    socket.on("error", reject);
    socket.once("data", (data) => {
      socket.end();
      resolve(data.toString().trim());
    });
  });

const server = createServer(async (request, response) => {
  try {
    if (request.url === "/health") {
      await redis("PING");
      response.end("ok\n");
      return;
    }
    const visits = await sql("insert into visits default values; select count(*) from visits");
    await redis(`SET last ${Date.now()}`);
    response.end(`visit ${visits}\n`);
  } catch (error) {
    response.writeHead(503).end(`${error.message}\n`);
  }
});
server.listen(Number(process.env.PORT), "127.0.0.1", () =>
  console.log(`api on ${process.env.PORT}`),
);
process.on("SIGTERM", () => server.close(() => process.exit(0)));
