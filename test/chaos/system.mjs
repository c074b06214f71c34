import { readdirSync, readFileSync } from "node:fs";
import { request } from "node:http";

/** Sends a signal; false: there is no such process. */
export function send(pid, signal) {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

/** Everything that carries `text` in its environment or command line, and that has not ended. */
export function processesWith(text) {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => look(Number(name), text))
    .filter((found) => found !== null && found.pid !== process.pid);
}

function look(pid, text) {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, "latin1");
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
    if (!environment.includes(text) && !command.includes(text)) return null;
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return state === "Z" ? null : { pid, parent: Number(parent), state, command };
  } catch {
    return null;
  }
}

/** The parent of a process; null: it has ended. */
export function parentOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return null;
  }
}

/**
 * The supervisor of a project and the shell above it, which starts it anew; null: not there now. By what they are
 * called: `node …/supervisor/main.js FOLDER`, and whatever is its parent and bears the folder too.
 */
export function keepersOf({ folder, state }) {
  const all = processesWith(state);
  const supervisor = all.find(
    ({ command }) =>
      command.includes("supervisor/main.js") &&
      command.endsWith(folder) &&
      !/^\S*sh /.test(command),
  );
  const shells = all.filter(({ command }) => /^\S*sh /.test(command) && command.includes(folder));
  const guardian = shells.find(({ pid }) => pid === supervisor?.parent) ?? shells[0];
  return { supervisor: supervisor?.pid ?? null, guardian: guardian?.pid ?? null };
}

/** What `GET path` answers, parsed; null: nobody answers within `limitMs`. */
export function ask(socketPath, path, limitMs) {
  return new Promise((resolve) => {
    const give = (value) => {
      clearTimeout(timer);
      call.destroy();
      resolve(value);
    };
    const call = request({ socketPath, path, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (data) => {
        text += data;
      });
      response.on("end", () => give(response.statusCode === 200 ? parsed(text) : null));
      response.on("error", () => give(null));
    });
    const timer = setTimeout(() => give(null), limitMs);
    call.on("error", () => give(null));
    call.end();
  });
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
