import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { archiveName, cutsPath } from "../../src/logs/archives.ts";
import { runFiles } from "../../src/logs/layout.ts";
import { LineSplitter } from "../../src/logs/lines.ts";
import { StoredFile } from "../../src/logs/stored-file.ts";
import { Tail } from "../../src/logs/tail.ts";

/** How the bytes of a stream lie: archives of these lengths, then the live file. */
interface Layout {
  readonly text: string;
  readonly archives: readonly { readonly share: number; readonly isPacked: boolean }[];
  /** So many of the archives, from the first, left the live file by cuts, the others by holes. */
  readonly cuts: number;
  readonly holes: boolean;
}

const words = fc.array(
  fc.constantFrom("a", "ä", "€", "😀", "\n", "\n", "\r\n", "\0", "x".repeat(50), "ü".repeat(3000)),
  { maxLength: 60 },
);
const layouts: fc.Arbitrary<Layout> = fc.record({
  text: words.map((all) => all.join("")),
  archives: fc.array(
    fc.record({ share: fc.double({ min: 0.01, max: 1, noNaN: true }), isPacked: fc.boolean() }),
    { maxLength: 5 },
  ),
  cuts: fc.nat({ max: 5 }),
  holes: fc.boolean(),
});

/** Writes the files of such a stream, and gives its bytes. */
function lay(folder: string, layout: Layout): Buffer {
  const live = join(folder, "1.out");
  const bytes = Buffer.from(layout.text);
  let at = 0;
  let shift = 0;
  // Once a stream is cut it stays so: a hole comes only before.
  const firstCut = Math.max(0, layout.archives.length - layout.cuts);
  for (const [index, { share, isPacked }] of layout.archives.entries()) {
    const to = Math.min(bytes.length, at + Math.max(1, Math.floor((bytes.length - at) * share)));
    if (to === at) break;
    const part = bytes.subarray(at, to);
    const mark = index >= firstCut ? "t" : "hole";
    const name = { stream: "1.out", from: at, to, mark, ending: isPacked ? "gz" : "" } as const;
    writeFileSync(join(folder, archiveName(name)), isPacked ? gzipSync(part) : part);
    if (mark === "t") shift = to;
    at = to;
  }
  if (shift > 0) writeFileSync(cutsPath(live), ".");
  const fd = openSync(live, "w");
  // Bytes below the archives' end are zeros already, as far as a hole was punched; the rest of them still stand there.
  const hole = layout.holes ? Math.floor((at - shift) / 2) : 0;
  const rest = Buffer.from(bytes.subarray(shift));
  rest.fill(0, 0, hole);
  writeSync(fd, rest);
  closeSync(fd);
  return bytes;
}

function stream(folder: string) {
  const owner = { service: "api", slot: 1, run: 1, files: runFiles(folder, "api", 1, 1) };
  const path = join(folder, "1.out");
  return { owner, stream: "stdout", path, indexPath: `${path}.idx` } as const;
}

function told(lines: readonly { bytes: Buffer; offset: number; ends: string; dropped?: number }[]) {
  return lines.map((line) => [line.offset, line.ends, line.bytes.toString("hex"), line.dropped]);
}

function withFolder<T>(body: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "procs-bytes-"));
  try {
    return body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The lines of the bytes in one piece. */
function expected(bytes: Buffer) {
  const splitter = new LineSplitter();
  const lines = splitter.push(bytes);
  const rest = splitter.flush("eof");
  return rest === null ? lines : [...lines, rest];
}

test("however the bytes lie, the lines are the same: as a whole, from the end, and followed", () => {
  fc.assert(
    fc.property(layouts, fc.nat({ max: 12 }), (layout, count) =>
      withFolder((folder) => {
        const bytes = lay(folder, layout);
        const file = new StoredFile(stream(folder));
        const all = [...file.lines(file.span(null, null))];
        expect(told(all)).toEqual(told(expected(bytes)));
        const last = [...file.lines(file.tail(file.span(null, null), count))];
        expect(told(last)).toEqual(told(all.slice(lastFrom(all, count))));
        file.close();
        const tail = new Tail(stream(folder), 0);
        const followed = [];
        while (tail.hasMore) followed.push(...tail.read());
        followed.push(...tail.flush("eof"));
        tail.close();
        expect(told(followed)).toEqual(told(all));
      }),
    ),
    { numRuns: 150 },
  );
});

/** Index of the piece with which the `count`th line from the end begins. */
function lastFrom(lines: readonly { readonly begins: boolean }[], count: number): number {
  const begins = lines.flatMap((line, at) => (line.begins ? [at] : []));
  return count === 0 ? lines.length : (begins.at(-count) ?? 0);
}

test("where an archive is missing, one line says so, and nothing else is missing", () => {
  fc.assert(
    fc.property(layouts, fc.nat(), (layout, which) =>
      withFolder((folder) => {
        const bytes = lay(folder, layout);
        const names = spawnSync("ls", [folder], { encoding: "utf8" }).stdout.split("\n");
        const archives = names.flatMap((name) => {
          const range = /^1\.out@(\d+)-(\d+)/.exec(name);
          return range === null ? [] : [{ name, from: Number(range[1]), to: Number(range[2]) }];
        });
        const gone = archives[which % Math.max(1, archives.length)];
        // The last one holds the position from which the live file counts.
        if (gone === undefined || archives.every(({ to }) => to <= gone.to)) return;
        rmSync(join(folder, gone.name));
        const tail = new Tail(stream(folder), 0);
        const followed = [];
        while (tail.hasMore) followed.push(...tail.read());
        followed.push(...tail.flush("eof"));
        tail.close();
        expect(followed.filter((entry) => entry.dropped !== undefined)).toMatchObject([
          { offset: gone.from, dropped: gone.to - gone.from },
        ]);
        const kept = followed.filter((entry) => entry.dropped === undefined);
        const before = expected(bytes.subarray(0, gone.from));
        const after = expected(bytes.subarray(gone.to));
        expect(kept.map((entry) => entry.bytes.toString("hex"))).toEqual(
          [...before, ...after].map((line) => line.bytes.toString("hex")),
        );
      }),
    ),
    { numRuns: 100 },
  );
});
