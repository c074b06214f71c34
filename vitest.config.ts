import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    // Real processes and terminals on a machine that others load: once more, before a whole run counts as failed.
    retry: process.env.CI === "true" ? 1 : 0,
  },
});
