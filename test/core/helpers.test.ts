import { expect, test } from "vitest";
import { helperName, helperOf, withHelpers, withoutHelpers } from "../../src/core/helpers.ts";
import { listening, service, services } from "../rig/specs.ts";

const LISTEN = listening(3000, { mode: "proxy" });

test("a proxied service has its proxy right behind it, and no other has one", () => {
  const api = service("api", { listen: LISTEN });
  const web = service("web", { listen: listening(3001) });
  const all = withHelpers(services(api, web, service("db")));
  expect([...all.keys()]).toEqual(["api", "api:proxy", "web", "db"]);
  expect(all.get("api:proxy")?.helps).toBe("api");
  expect([...withoutHelpers(all).keys()]).toEqual(["api", "web", "db"]);
  expect(withHelpers(all)).toEqual(all);
});

test("what a proxy is told while it runs, and what only its service needs, is not in its process", () => {
  const bare = helperOf(service("api", { listen: LISTEN }));
  const other = helperOf(
    service("api", {
      ...{ cwd: "/elsewhere", env: { A: "b" }, inherited: { C: "d" }, instances: 5 },
      listen: { ...LISTEN, sticky: true, proxy_protocol: true },
    }),
  );
  expect(other).toEqual(bare);
});

test("a proxy leaves before its service, and after what it has to wait for", () => {
  const helper = helperOf(service("api", { listen: { ...LISTEN, drain: 7_000 } }));
  expect(Object.keys(helper?.depends_on ?? {})).toEqual(["api"]);
  expect(helper?.stop.timeout).toBeGreaterThan(7_000);
  expect(helper?.name).toBe(helperName("api"));
});
