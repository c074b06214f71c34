import type { LogSettings, ProjectLogSettings } from "../core/spec.ts";
import { formatSize } from "../core/units.ts";
import { type Problems, problemAt } from "./problems.ts";
import type { ProcsFile } from "./procs-file.gen.ts";
import { duration, fault, type Reader } from "./reader.ts";
import { type MapTree, mapTree, plainOf, treeAt } from "./tree.ts";
import { parseSize } from "./values.ts";

/** How much of a service's output is kept: `log`, with its defaults. */
export function logOf(reader: Reader): LogSettings {
  const log = reader.service.log ?? {};
  const settings: LogSettings = {
    max_size: size(log.max_size, MAX_SIZE),
    keep: log.keep ?? 5,
    max_total: log.max_total === undefined ? null : parseSize(log.max_total),
    max_age: log.max_age === undefined ? null : duration(log.max_age, 0),
    compress: log.compress ?? true,
  };
  const { max_size, max_total } = settings;
  if (max_size < MAX_SIZE_MIN) {
    fault(reader, ["log", "max_size"], tooSmall("max_size", MAX_SIZE_MIN));
  } else if (max_total !== null && max_total < max_size) {
    fault(reader, ["log", "max_total"], {
      code: "P205",
      message: `"log.max_total" is less than "log.max_size" (${formatSize(max_size)}): one live file may grow past it`,
      label: "less than one file",
      help: `max_size: ${formatSize(Math.max(MAX_SIZE_MIN, Math.floor(max_total / 4_000) * 1_000))}`,
    });
  }
  return settings;
}

/** What the logs of all services may take together: the file's own `log`, with its defaults. */
export function projectLogOf(file: MapTree, problems: Problems): ProjectLogSettings {
  const entries = [...file.entries].filter(([key]) => key === "log");
  // The schema has been applied to every part that the whole was merged from.
  const { log = {} } = plainOf(mapTree(file.place, new Map(entries))) as Pick<ProcsFile, "log">;
  const max_total = size(log.max_total, PROJECT_TOTAL);
  if (max_total < PROJECT_TOTAL_MIN) {
    const place = (treeAt(file, ["log", "max_total"]) ?? file).place;
    problems.add(problemAt(place, tooSmall("max_total", PROJECT_TOTAL_MIN)));
  }
  return { max_total, max_age: log.max_age === undefined ? null : duration(log.max_age, 0) };
}

const MAX_SIZE = 10_000_000;
/** Less, and archives would be made all the time, each with a name and a block of its own. */
const MAX_SIZE_MIN = 10_000;
const PROJECT_TOTAL = 1_000_000_000;
const PROJECT_TOTAL_MIN = 100_000;

function size(text: string | undefined, otherwise: number): number {
  return text === undefined ? otherwise : parseSize(text);
}

function tooSmall(key: string, least: number) {
  const help = `${key}: ${formatSize(least)}`;
  const message = `"log.${key}" must be at least ${formatSize(least)}`;
  return { code: "P104", message, label: "too small", help };
}
