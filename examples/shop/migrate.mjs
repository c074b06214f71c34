// Runs once for a version of the data, before anything that needs it.
import { ask } from "./client.mjs";

const products = ["apples", "bread", "coffee"];
for (const [index, name] of products.entries()) await ask("SET", `product:${index + 1}`, name);
await ask("SET", "schema", process.env.SCHEMA_VERSION);
console.log(`schema ${process.env.SCHEMA_VERSION}: ${products.length} products`);
