import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { DEFAULT_PATH, findProgram } from "./program.ts";

/** How long the bridge may take to open its socket. */
const BIND_MS_MAX = 10_000;
/** In the exchange folder. It gets a line `READY=1`. */
export const HEARD_FILE = "heard";

export interface Bridge {
  /** The run has gone. */
  close(): void;
  /** Nobody of us looks any more; the bridge goes on until the run has gone. */
  leave(): void;
}

/**
 * Receives what programs send with sd_notify(3): datagrams to a Unix socket, which Node cannot open. A small
 * perl or python3 program does, and notes the one that says READY=1 in a file, where it is found also by
 * a supervisor that was not there when it came. For that it outlives us: it looks at the run's tree fifo once
 * its stdin has ended, and leaves as soon as nobody holds that. Rejects where neither language is installed.
 * `tree` is a reading end of the fifo, which stays the caller's.
 */
export async function openNotifySocket(
  folder: string,
  tree: number,
  uid: number | null,
): Promise<Bridge> {
  const [file, ...args] = bridgeCommand(folder);
  if (file === undefined) {
    throw new Error(
      "ready: notify needs perl or python3 to receive datagrams, and neither is here",
    );
  }
  const child = spawn(file, args, {
    stdio: ["pipe", "pipe", "ignore", tree],
    // A session of its own, and nothing of what the supervisor knows.
    detached: true,
    env: { PATH: process.env.PATH ?? DEFAULT_PATH },
    ...(uid === null ? {} : { uid }),
  });
  // It may be gone before its stdin is closed.
  child.stdin?.on("error", () => {});
  child.unref();
  try {
    await bound(child, file);
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
  child.stdout?.destroy();
  return { close: () => child.kill("SIGKILL"), leave: () => child.stdin?.end() };
}

/** The socket that the program is told of. */
export function notifyEnvironment(folder: string): Readonly<Record<string, string>> {
  return { NOTIFY_SOCKET: join(folder, "notify") };
}

/** Resolves once the bridge has its socket; rejects with one sentence when it cannot have it. */
function bound(child: ChildProcess, file: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (why: string): void => {
      clearTimeout(timer);
      reject(new Error(`the notify socket could not be opened: ${why}`));
    };
    const timer = setTimeout(() => refuse("it did not open in time"), BIND_MS_MAX);
    child.once("error", (error) => refuse(error.message));
    child.once("exit", (code) => refuse(`${file} ended with ${code}`));
    // The only thing that it ever prints.
    child.stdout?.once("data", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function bridgeCommand(folder: string): readonly string[] {
  const paths = [join(folder, "notify"), join(folder, HEARD_FILE)];
  const perl = findProgram("perl", "/", process.env.PATH ?? DEFAULT_PATH);
  if (perl.kind === "found") return [perl.path, "-e", PERL, ...paths];
  const python = findProgram("python3", "/", process.env.PATH ?? DEFAULT_PATH);
  return python.kind === "found" ? [python.path, "-c", PYTHON, ...paths] : [];
}

/**
 * Descriptor 0: ends with the supervisor. Descriptor 3: the tree fifo, which is not looked at before, since
 * a program that has not been started yet holds nothing either.
 */
const PERL = `
use strict; use Socket; use Fcntl; $| = 1; umask 0177;
socket(my $s, AF_UNIX, SOCK_DGRAM, 0) or exit 3;
bind($s, pack_sockaddr_un($ARGV[0])) or exit 4;
open(my $tree, "<&=", 3) or exit 5;
print "bound\\n";
my ($watched, $in) = (\\*STDIN, 1);
while (1) {
  my $bits = ''; vec($bits, fileno($s), 1) = 1; vec($bits, fileno($watched), 1) = 1;
  next if select(my $ready = $bits, undef, undef, undef) < 1;
  my $m = '';
  recv($s, $m, 65536, 0) if vec($ready, fileno($s), 1);
  if ($m =~ /^READY=1$/m and sysopen(my $heard, $ARGV[1], O_WRONLY|O_APPEND|O_CREAT, 0600)) {
    syswrite($heard, "READY=1\n");
  }
  next unless vec($ready, fileno($watched), 1);
  if ($in) {
    next if sysread(STDIN, my $x, 64);
    ($watched, $in) = ($tree, 0);
  }
  my $n = sysread($tree, my $x, 64);
  exit 0 if defined $n and $n == 0;
}`;

const PYTHON = `
import os, select, socket, sys
os.umask(0o177)
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
sys.stdout.write("bound\\n"); sys.stdout.flush()
watched = 0
while True:
    ready, _, _ = select.select([watched, s], [], [])
    if s in ready and b"READY=1" in s.recv(65536).split(b"\\n"):
        with open(sys.argv[2], "ab") as heard: heard.write(b"READY=1\\n")
    if watched not in ready: continue
    if watched == 0:
        if os.read(0, 64): continue
        watched = 3
    try:
        if os.read(3, 64) == b"": sys.exit(0)
    except BlockingIOError: pass
`;
