import { readdirSync } from "node:fs";

/** What is in a folder; nothing where there is none, or where it may not be read. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
