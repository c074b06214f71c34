// `npm start`: set up, then `procs up`, in one process. The script says `exec`, since a shell in between would make a failure
// (130) of the one clean Ctrl-C that ends it.
import "./setup.mjs";

process.argv.splice(2, 0, "up");
await import("../bin/procs.js");
