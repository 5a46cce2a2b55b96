// Owns how the tests run: units side by side, whole-system tests one file at a time.
// Does not own set-up: scripts/test.mjs builds dist/ first, which system tests start their processes from.

import { defineConfig } from "vitest/config";

/** Tests of the sources as texts: quick, and without a process. */
const UNITS = ["test/tidy.test.ts", "test/errors.test.ts", "test/protocol-doc.test.ts", "test/wire-pin.test.ts"];

export default defineConfig({
  test: {
    pool: "forks",
    restoreMocks: true,
    // The default leaves a core idle, which on two cores is half of the machine.
    maxWorkers: "100%",
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["src/**/*.test.{ts,tsx}", ...UNITS],
          testTimeout: 20_000,
          hookTimeout: 20_000,
        },
      },
      {
        extends: true,
        test: {
          name: "system",
          include: ["test/**/*.test.ts"],
          exclude: UNITS,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // Real processes, browsers and kills: each file has the machine to itself.
          fileParallelism: false,
          sequence: { groupOrder: 1 },
          // A browser and processes on a shared machine can be late without anything being wrong. The report names what
          // needed its second try; the crash and stress tests allow themselves none.
          retry: 1,
        },
      },
    ],
  },
});
