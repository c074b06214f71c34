// `npm start`: set up, then `procs up`, in one process: with a shell in between, one clean Ctrl-C would end as a failure.
import "./setup.mjs";

process.argv.splice(2, 0, "up");
await import("../bin/procs.js");
