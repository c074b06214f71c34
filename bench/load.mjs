// Load on an HTTP/1.1 address over raw sockets, with a name for everything that goes wrong. Never tries again: what a
// client with retries would hide is what is to be counted. The next request of a connection follows its answer at once.
//   node bench/load.mjs http://127.0.0.1:3000/ [--seconds 10] [--connections 50] [--close] [--pause 0]
// --close: one connection a request. --pause: milliseconds between an answer and the connection's next request.
// --until-eof: goes on until its standard input ends. Prints one JSON object, see `result`.
import { connect } from "node:net";
import { parseArgs } from "node:util";

const ANSWER_LIMIT_MS = 10_000;
const REST_MS = 10;
const DETAILS = 5;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: "string", default: "10" },
    connections: { type: "string", default: "50" },
    pause: { type: "string", default: "0" },
    close: { type: "boolean", default: false },
    "until-eof": { type: "boolean", default: false },
  },
});
const url = new URL(positionals[0] ?? "http://127.0.0.1:3000/");
const target = { host: url.hostname.replace(/[[\]]/g, ""), port: Number(url.port || 80) };
const request = Buffer.from(
  `GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\n${values.close ? "Connection: close\r\n" : ""}\r\n`,
);

const began = performance.now();
/** `closedIdle`: the server ended a connection on which nothing was asked, which is no failure. */
const result = {
  ...{ seconds: 0, requests: 0, ok: 0, refused: 0, reset: 0, timeout: 0, other: 0 },
  ...{ connections: 0, closedIdle: 0, slowestMs: 0 },
  /** x-instance of the answers: how many of the answers, and of the connections, it had. */
  shares: {},
  first: [],
};
let ending = false;
let open = Number(values.connections);

for (let i = 0; i < Number(values.connections); i += 1) client();
if (values["until-eof"]) process.stdin.resume().on("end", end);
else setTimeout(end, Number(values.seconds) * 1000);
process.on("SIGTERM", end);

function end() {
  ending = true;
}

/** One of the clients: one connection after another, until the time is over. */
function client() {
  if (ending) return done();
  const socket = connect({ ...target, noDelay: true });
  const state = { received: "", asked: 0, isAsked: false, isOver: false, instance: null };
  result.connections += 1;
  const over = (kind, detail) => {
    if (state.isOver) return;
    state.isOver = true;
    clearTimeout(state.limit);
    socket.destroy();
    if (kind !== null) failed(kind, detail);
    // After a failure with a short rest: an outage should not be counted by how fast this client can spin.
    if (kind === null) setImmediate(client);
    else setTimeout(client, REST_MS);
  };
  const ask = () => {
    // Who has connected asks at least once.
    if (ending && state.asked > 0) return over(null);
    state.received = "";
    state.asked = performance.now();
    state.isAsked = true;
    result.requests += 1;
    clearTimeout(state.limit);
    state.limit = setTimeout(() => over("timeout", "no whole answer"), ANSWER_LIMIT_MS);
    socket.write(request);
  };
  const answered = (answer) => {
    state.isAsked = false;
    count(answer, state);
    if (answer.isLast) return over(null);
    if (Number(values.pause) === 0) return ask();
    clearTimeout(state.limit);
    state.limit = setTimeout(ask, Number(values.pause));
  };
  const closed = (detail) => {
    if (state.isOver) return;
    const answer = state.isAsked ? parse(state.received, true) : null;
    if (answer !== null) return answered({ ...answer, isLast: true });
    const { length } = state.received;
    const begin = JSON.stringify(state.received.slice(0, 40));
    if (state.isAsked) return over("reset", `${detail}, ${length} bytes received: ${begin}`);
    result.closedIdle += 1;
    over(null);
  };
  socket.setEncoding("latin1");
  state.limit = setTimeout(() => {
    result.requests += 1;
    over("timeout", "not connected");
  }, ANSWER_LIMIT_MS);
  socket.on("connect", ask);
  socket.on("data", (text) => {
    state.received += text;
    const answer = parse(state.received, false);
    if (answer !== null) answered(answer);
  });
  socket.on("end", () => closed("closed"));
  socket.on("close", () => closed("closed"));
  socket.on("error", (error) => {
    if (state.asked === 0) {
      result.requests += 1;
      const kind = { ECONNREFUSED: "refused", ECONNRESET: "reset", ETIMEDOUT: "timeout" };
      return over(kind[error.code] ?? "other", `connect: ${error.code}`);
    }
    closed(error.code);
  });
}

function count(answer, state) {
  const took = performance.now() - state.asked;
  result.slowestMs = Math.max(result.slowestMs, Math.round(took));
  if (answer.status === 200) result.ok += 1;
  else failed("other", `status ${answer.status}`);
  if (answer.instance === null) return;
  result.shares[answer.instance] ??= { answers: 0, connections: 0 };
  const share = result.shares[answer.instance];
  share.answers += 1;
  if (state.instance === null) share.connections += 1;
  state.instance = answer.instance;
}

function failed(kind, detail) {
  result[kind] += 1;
  const at = Math.round(performance.now() - began);
  const same = result.first.filter((one) => one.kind === kind);
  if (same.length < DETAILS) result.first.push({ kind, detail, at });
}

/** What the text is, if it is a whole answer; `isEnded`: nothing more will come. */
function parse(text, isEnded) {
  const head = text.indexOf("\r\n\r\n");
  if (head < 0) return null;
  const lines = text.slice(0, head);
  const [, version, status] = /^HTTP\/(1\.\d) (\d{3})/.exec(lines) ?? [];
  if (status === undefined) return { status: 0, instance: null, isLast: true };
  const header = (name) => new RegExp(`\r\n${name}: *([^\r]*)`, "i").exec(lines)?.[1] ?? null;
  const connection = (header("connection") ?? "").toLowerCase();
  const isLast = version === "1.0" ? connection !== "keep-alive" : connection === "close";
  const body = text.slice(head + 4);
  const length = header("content-length");
  const isWhole =
    length !== null
      ? body.length >= Number(length)
      : header("transfer-encoding") === "chunked"
        ? body.endsWith("0\r\n\r\n")
        : isEnded;
  return isWhole
    ? { status: Number(status), instance: header("x-instance"), isLast: isLast || values.close }
    : null;
}

function done() {
  open -= 1;
  if (open > 0) return;
  result.seconds = Math.round(performance.now() - began) / 1000;
  console.log(JSON.stringify(result));
  process.exit(0);
}
