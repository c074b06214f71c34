import { createServer } from "node:http";

createServer((request, response) => {
  setTimeout(() => response.end("hello from node\n"), request.url === "/slow" ? 1000 : 0);
}).listen(process.env.PORT);
