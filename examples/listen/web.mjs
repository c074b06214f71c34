import { createServer } from "node:http";

const server = createServer((_request, response) => {
  response.end(`version ${process.env.VERSION}, instance ${process.env.PROCS_INSTANCE}\n`);
});
server.listen(process.env.PORT);
