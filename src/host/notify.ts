import { spawn } from "node:child_process";
import { DEFAULT_PATH, findProgram } from "./program.ts";

/** How long the helper may take to open its socket. */
const BIND_MS_MAX = 10_000;

/**
 * Receives what programs send with sd_notify(3): datagrams to a Unix socket, which Node cannot open. A
 * small perl or python3 program does, and writes each one's lines to its stdout. It leaves as soon as
 * its stdin ends, so it never outlives the supervisor. Rejects where neither is installed.
 */
export async function openNotifySocket(
  path: string,
  uid: number | null,
  onLine: (line: string) => void,
): Promise<{ close(): void }> {
  const [file, ...args] = helper(path);
  if (file === undefined) {
    throw new Error(
      "ready: notify needs perl or python3 to receive datagrams, and neither is here",
    );
  }
  const child = spawn(file, args, {
    stdio: ["pipe", "pipe", "ignore"],
    ...(uid === null ? {} : { uid }),
  });
  // The helper may be gone before its stdin is closed.
  child.stdin.on("error", () => {});
  child.unref();
  const close = (): void => {
    child.stdin.end();
    child.kill("SIGKILL");
  };
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => refuse("it did not open in time"), BIND_MS_MAX);
    const refuse = (why: string): void => {
      clearTimeout(timer);
      close();
      reject(new Error(`the notify socket could not be opened: ${why}`));
    };
    child.once("error", (error) => refuse(error.message));
    child.once("exit", (code) => refuse(`${file} ended with ${code}`));
    let rest = "";
    child.stdout.on("data", (data) => {
      const lines = (rest + String(data)).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (line === BOUND) {
          clearTimeout(timer);
          resolve();
        } else onLine(line);
      }
    });
  });
  return { close };
}

/** No program sends a line like this: theirs are NAME=value. */
const BOUND = "(bound)";

function helper(path: string): readonly string[] {
  const perl = findProgram("perl", "/", process.env.PATH ?? DEFAULT_PATH);
  if (perl.kind === "found") return [perl.path, "-e", PERL, path];
  const python = findProgram("python3", "/", process.env.PATH ?? DEFAULT_PATH);
  return python.kind === "found" ? [python.path, "-c", PYTHON, path] : [];
}

const PERL = `
use strict; use Socket; $| = 1; umask 0177;
socket(my $s, AF_UNIX, SOCK_DGRAM, 0) or exit 3;
bind($s, pack_sockaddr_un($ARGV[0])) or exit 4;
print "${BOUND}\\n";
my ($in, $bits) = (fileno(STDIN), '');
vec($bits, $in, 1) = 1; vec($bits, fileno($s), 1) = 1;
while (1) {
  next if select(my $ready = $bits, undef, undef, undef) < 1;
  if (vec($ready, $in, 1)) { sysread(STDIN, my $x, 1) or exit 0 }
  next unless vec($ready, fileno($s), 1);
  next unless defined recv($s, my $m, 65536, 0);
  $m =~ s/\\n*\\z/\\n/; print $m;
}`;

const PYTHON = `
import os, select, socket, sys
os.umask(0o177)
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
out = sys.stdout.buffer
out.write(b"${BOUND}\\n"); out.flush()
while True:
    ready, _, _ = select.select([0, s], [], [])
    if 0 in ready and not os.read(0, 1): sys.exit(0)
    if s in ready:
        out.write(s.recv(65536).rstrip(b"\\n") + b"\\n"); out.flush()
`;
