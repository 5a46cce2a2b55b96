// Owns the declaration of `serve`, the command that runs when none is named. Does not own the server's life (cli/serve).

import type { Command } from "commander";
import { addServerSettings, type ServerFlags } from "../server-settings.ts";

export function addServeCommand(program: Command): void {
  addServerSettings(program.command("serve", { isDefault: true }))
    .summary("run the server and its dashboard (the default)")
    .description("Run the server: the board, its API and its dashboard at http://host:port/blackboard.")
    .addHelpText(
      "after",
      `
Examples:
  $ swarmboard                                   everything at its default
  $ swarmboard --port 0 --data /var/lib/swarmboard
  $ swarmboard --follow ./swarm-a --follow night=./swarm-b --log-file logs/swarmboard.log

It prints "listening on http://host:port" once it takes requests, and stops cleanly on Ctrl-C or SIGTERM.`,
    )
    .action(async (flags: ServerFlags, command: Command) => {
      // Loaded now, because the other commands need none of the server and should start quickly.
      const { serve } = await import("../serve.ts");
      await serve(command, flags);
    });
}
