// A tiny key-value store over TCP, one command a line: SET key value, GET key, INCR key, PUSH list value, POP list, KEYS.
import { createServer } from "node:net";

const values = new Map();
const port = Number(process.env.PORT);

const commands = {
  set(key, value) {
    values.set(key, value);
    return "OK";
  },
  get: (key) => String(values.get(key) ?? ""),
  incr(key) {
    values.set(key, Number(values.get(key) ?? 0) + 1);
    return String(values.get(key));
  },
  push(key, value) {
    if (!values.has(key)) values.set(key, []);
    return String(values.get(key).push(value));
  },
  pop: (key) => values.get(key)?.shift() ?? "",
  keys: () => [...values.keys()].sort().join(" "),
};

const server = createServer((socket) => {
  let rest = "";
  socket.setEncoding("utf8");
  socket.on("error", () => {});
  socket.on("data", (chunk) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      const [name, key, ...words] = line.trim().split(" ");
      const command = commands[name?.toLowerCase()];
      socket.write(`${command ? command(key, words.join(" ")) : "ERR"}\n`);
    }
  });
});
server.listen(port, "127.0.0.1", () => console.log(`store listens on ${port}`));
process.on("SIGTERM", () => {
  console.log(`store stops with ${values.size} keys`);
  process.exit(0);
});
