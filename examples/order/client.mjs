import { connect } from "node:net";

setInterval(() => {
  connect(Number(process.env.SERVER_PORT), "127.0.0.1")
    .on("data", (data) => process.stdout.write(data))
    .on("error", (error) => console.error(error.code));
}, 1000);
