import { expect, test } from "vitest";
import { connectionEnvironment } from "../../src/inetd/connection.ts";

const ENDS = {
  remote: { address: "10.0.0.9", port: 4711 },
  local: { address: "10.0.0.1", port: 3000 },
};

test("a process is told who its client is, in the words of inetd, systemd and tcpserver", () => {
  expect(connectionEnvironment({ PORT: "3000" }, ENDS)).toEqual({
    PORT: "3000",
    PROTO: "TCP",
    REMOTE_HOST: "10.0.0.9",
    REMOTE_ADDR: "10.0.0.9",
    REMOTE_PORT: "4711",
    TCPREMOTEIP: "10.0.0.9",
    TCPREMOTEPORT: "4711",
    TCPLOCALIP: "10.0.0.1",
    TCPLOCALPORT: "3000",
  });
  expect(connectionEnvironment({}, { remote: null, local: null })).toEqual({ PROTO: "UNIX" });
});

test("what was for the super server itself is not passed on", () => {
  const env = { LISTEN_FDS: "1", LISTEN_PID: "3", PROCS_INETD: "{}", PROCS_ID: "x:a.1.1", A: "b" };
  expect(connectionEnvironment(env, { remote: null, local: null })).toEqual({
    PROTO: "UNIX",
    PROCS_ID: "x:a.1.1",
    A: "b",
  });
});
