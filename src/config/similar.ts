/**
 * The one of `names` that `word` is most likely a misspelling of, or undefined. Within a third of the
 * word's length, at least one edit; two neighbouring letters that changed places are one edit.
 */
export function similarName(word: string, names: Iterable<string>): string | undefined {
  if (word.length > WORD_MAX) return undefined;
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const name of names) {
    if (Math.abs(name.length - word.length) >= bestDistance || name === word) continue;
    const found = distance(word.toLowerCase(), name.toLowerCase(), bestDistance);
    if (found < bestDistance) [best, bestDistance] = [name, found];
  }
  return best;
}

/** Comparing takes time of the square of this. */
const WORD_MAX = 100;

/** Edits between two words, or `limit` when there are at least so many: letters put in, left out, changed, or swapped with their neighbour. */
function distance(a: string, b: string, limit: number): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + change);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        least = Math.min(least, (before[j - 2] ?? 0) + 1);
      }
      row.push(least);
    }
    // Two rows, as a swap looks two back.
    if (Math.min(...row, ...last) >= limit) return limit;
    [before, last] = [last, row];
  }
  return last[b.length] ?? 0;
}
