/** Asks `check` until it answers with something else than null or false, or fails after `limitMs` with `what`. */
export async function until<T>(
  what: string | (() => string),
  check: () => T | null | false | Promise<T | null | false>,
  limitMs = 15_000,
): Promise<T> {
  const end = performance.now() + limitMs;
  for (;;) {
    const value = await check();
    if (value !== null && value !== false) return value;
    if (performance.now() > end) {
      const words = typeof what === "string" ? what : what();
      throw new Error(`not so within ${limitMs} ms: ${words}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
