// The numbers of the day, printed whenever the schedule says.
import { ask } from "./client.mjs";

console.log(
  `orders ${(await ask("GET", "orders")) || 0}, shipped ${(await ask("GET", "shipped")) || 0}`,
);
