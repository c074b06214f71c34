// ask("SET", "a", "1"): one command to the store, its answer as text.
import { connect } from "node:net";

const port = Number(process.env.STORE_PORT);

export function ask(...words) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(`${words.join(" ")}\n`));
    socket.setEncoding("utf8");
    socket.on("error", reject);
    socket.once("data", (answer) => {
      socket.end();
      resolve(answer.trim());
    });
  });
}
