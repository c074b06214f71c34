const { createServer } = require("node:http");

const server = createServer((request, response) => {
  setTimeout(() => response.end("hello from pm2\n"), request.url === "/slow" ? 1000 : 0);
}).listen(process.env.PORT, () => process.send("ready"));
process.on("message", (message) => {
  if (message === "shutdown") server.close(() => process.exit(0));
});
