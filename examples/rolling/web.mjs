import { createServer } from "node:http";

const { PORT, VERSION } = process.env;
if (VERSION === "bad") throw new Error("version bad does not start");
createServer((_, response) => response.end(`version ${VERSION}\n`)).listen(
  Number(PORT),
  "127.0.0.1",
  () => console.log(`version ${VERSION} on ${PORT}`),
);
process.on("SIGTERM", () => process.exit(0));
