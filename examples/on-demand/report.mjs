import { createServer } from "node:http";

// Nothing here knows of procs: it is the same program that would run all the time.
createServer((_request, response) => {
  response.end(`the report, by process ${process.pid}\n`);
}).listen(process.env.PORT);
