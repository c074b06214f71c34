import { messageOf } from "../errors.ts";

/** What the codes mean to somebody whose program could not be started. */
const MEANINGS: Readonly<Record<string, string>> = {
  E2BIG: "its command and its environment are longer than the system takes (E2BIG)",
  EMFILE: "the supervisor may not open more files (EMFILE): raise ulimit -n",
  ENFILE: "the system may not open more files (ENFILE)",
  EAGAIN:
    "no more processes may be started (EAGAIN): raise ulimit -u, or the limit of pids of the container",
  ENOMEM: "there is no memory for another process (ENOMEM)",
  ENOSPC: "there is no space left on the disk (ENOSPC)",
  EDQUOT: "your quota of the disk is used up (EDQUOT)",
  EROFS: "the folder of its logs can only be read (EROFS)",
};

/** Why a program could not be started, in one line for people. Other errors keep their own words. */
export function spawnWords(error: unknown): string {
  const message = messageOf(error);
  const code = /\b(E[A-Z0-9]{3,})\b/.exec(message)?.[1] ?? "";
  return MEANINGS[code] ?? message;
}
