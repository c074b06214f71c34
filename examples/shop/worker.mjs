// Takes orders off the queue, one at a time.
import { ask } from "./client.mjs";

let stopping = false;
process.on("SIGTERM", () => {
  stopping = true;
});
console.log("worker is waiting for orders");
while (!stopping) {
  const order = await ask("POP", "queue");
  if (order === "") await new Promise((resolve) => setTimeout(resolve, 300));
  else {
    await ask("INCR", "shipped");
    console.log(`order ${order} shipped`);
  }
}
console.log("worker stops between two orders");
