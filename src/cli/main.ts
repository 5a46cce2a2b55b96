#!/usr/bin/env node
// Owns the program's start: the command line in, an exit code out. Does not own any command (program.ts).

import { run } from "./program.ts";

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // The reader has seen enough (`swarmboard get | head`): that is no failure.
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});
process.exitCode = await run(process.argv.slice(2));
