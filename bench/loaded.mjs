// bench/load.mjs in a process of its own, until it is asked what came of it.
import { spawn } from "node:child_process";
import { join } from "node:path";

export function startLoad(port, { close, connections }) {
  const args = ["--until-eof", "--connections", String(connections), ...(close ? ["--close"] : [])];
  const file = join(import.meta.dirname, "load.mjs");
  const child = spawn(process.execPath, [file, `http://127.0.0.1:${port}/`, ...args], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (part) => {
    text += part;
  });
  const over = new Promise((resolve) => child.on("close", resolve));
  return {
    async end() {
      child.stdin.end();
      await over;
      return JSON.parse(text);
    },
  };
}
