import { createServer } from "node:net";

// Slow to get ready, as databases are.
setTimeout(() => {
  createServer((socket) => socket.end("hello from the server\n")).listen(
    Number(process.env.PORT),
    "127.0.0.1",
  );
}, 300);
