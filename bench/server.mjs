// A plain Node HTTP server that knows nothing of what runs it, as one would write it on the first day.
import { createServer } from "node:http";
import { setTimeout as pause } from "node:timers/promises";

const delayMs = Number(process.env.DELAY_MS ?? 0);
const server = createServer((_request, response) => {
  response.setHeader("x-instance", String(process.pid));
  if (delayMs === 0) response.end("hello\n");
  else setTimeout(() => response.end("hello\n"), delayMs);
});

if (process.env.VERSION === "throws") throw new Error("this version cannot start");
if (process.env.VERSION === "slow") await pause(Number(process.env.BOOT_MS ?? 10_000));
server.listen(process.env.PORT);
