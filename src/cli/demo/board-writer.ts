// Owns how one member of the demo's swarm writes to the board: commands over the real HTTP API.
// Does not own what it writes. A refusal is part of the story (somebody else was first) and ends nothing.

import type { BoardApi } from "../board-api.ts";
import { CliError, EXIT } from "../exit-codes.ts";

export type DemoCommand = { readonly type: string } & Readonly<Record<string, unknown>>;

export interface BoardWriter {
  /** Send a command; several are one batch, all or none. Returns what it made, or undefined where it was refused. */
  send(...commands: readonly [DemoCommand, ...DemoCommand[]]): Promise<{ readonly fence?: number } | undefined>;
}

/** @throws CliError `unreachable` where no server answers */
export function createBoardWriter(api: BoardApi): BoardWriter {
  return {
    async send(...commands) {
      const body = JSON.stringify(commands.length === 1 ? commands[0] : { type: "batch", commands });
      try {
        const { text } = await api.call({ method: "POST", path: "commands", body });
        return (JSON.parse(text) as { made: { fence?: number } }).made;
      } catch (error) {
        if (error instanceof CliError && error.exitCode === EXIT.refused) return undefined;
        throw error;
      }
    },
  };
}
