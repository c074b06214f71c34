import { homedir, userInfo } from "node:os";
import { expect, test } from "vitest";
import { renderDiagnostic } from "../../src/config/diagnostic.ts";
import type { Taken } from "../../src/host/holders.ts";
import { takenProblem } from "../../src/supervisor/taken-words.ts";

const NOW = 1_000_000_000_000;
const DAY_MS = 24 * 60 * 60 * 1000;

const holder = {
  ...{ pid: 2865, command: "node server.js", user: "ana", startedAt: NOW - 3 * DAY_MS },
  ...{ cwd: `${homedir()}/old-shop`, project: null },
};
const taken: Taken = {
  ...{ service: "api", address: ":3000", holder },
  reason: "taken by node server.js (pid 2865, user ana)",
};

function words(change: Partial<Taken>, hasSource = true): string {
  const source = hasSource ? { file: "procs.yaml", line: 9 } : null;
  const problem = takenProblem({ ...taken, ...change }, { cwd: "/srv/shop", source, now: NOW });
  return renderDiagnostic(problem, { color: false, ascii: false, columns: 100 });
}

test("who has the port, since when, from where, and what to do", () => {
  expect(words({})).toBe(`error[P301]: api cannot listen on :3000, it is taken
  --> procs.yaml:9
  held by  node server.js   pid 2865, user ana, for 3d
           started in ~/old-shop
  help: stop it: kill 2865
  help: or listen elsewhere: listen in procs.yaml:9, then give this command again
`);
});

test("a service of another project is stopped there", () => {
  const project = { folder: `${homedir()}/old-shop`, service: "api" };
  expect(words({ holder: { ...holder, project } })).toContain(
    `           api of the project in ~/old-shop
  help: stop it: cd ~/old-shop && procs stop api
`,
  );
  const sleeping = words({ holder: { ...holder, project: { ...project, service: null } } });
  expect(sleeping).toContain("help: stop it: cd ~/old-shop && procs down\n");
});

test("whose process it is may be all that can be seen", () => {
  const hidden = { holder: null, reason: "taken by a process of user root" };
  expect(words(hidden, false)).toBe(`error[P301]: api cannot listen on :3000, it is taken
  held by  a process of user root
  help: see which process it is: sudo lsof -i :3000
  help: or listen elsewhere: listen, then give this command again
`);
  expect(words({ ...hidden, address: "/srv/shop/api.sock" })).toContain(
    "api cannot listen on ./api.sock, it is taken",
  );
});

test("a low port that may not be bound is P304", () => {
  const reason = "not ours to bind: that needs root";
  expect(
    words({ address: ":80", holder: null, reason }),
  ).toBe(`error[P304]: api may not listen on :80
  --> procs.yaml:9
  note: ports below 1024 need a privilege; procs runs as ${userInfo().username}
  help: use 8080 behind a proxy, or allow it until the next boot:
        sudo sysctl net.ipv4.ip_unprivileged_port_start=80
`);
});

test("any other reason is said as it is", () => {
  const reason = "no address of this machine";
  expect(words({ address: "10.9.8.7:80", holder: null, reason }).split("\n")[0]).toBe(
    "error[P301]: api cannot listen on 10.9.8.7:80: it is no address of this machine",
  );
});
