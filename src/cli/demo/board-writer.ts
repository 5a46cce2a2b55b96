// Owns how one member of the demo's swarm writes to the board: commands over the real HTTP API.
// Does not own what it writes. A refusal is part of the story (somebody else was first) and ends nothing.

import type { BoardApi } from "../board-api.ts";
import { CliError, EXIT } from "../exit-codes.ts";

export type DemoCommand = { readonly type: string } & Readonly<Record<string, unknown>>;

export interface Made {
  readonly fence?: number;
  readonly hold?: string;
}

export interface BoardWriter {
  /** Send a command; several are one batch, all or none. Returns what it made, or undefined where it was refused. */
  send(...commands: readonly [DemoCommand, ...DemoCommand[]]): Promise<Made | undefined>;
  /** Send a command; where it is refused, why. */
  ask(command: DemoCommand): Promise<{ readonly made?: Made; readonly code?: string | undefined }>;
}

/** @throws CliError `unreachable` where no server answers */
export function createBoardWriter(api: BoardApi): BoardWriter {
  async function ask(command: DemoCommand): Promise<{ made?: Made; code?: string | undefined }> {
    try {
      const { text } = await api.call({ method: "POST", path: "commands", body: JSON.stringify(command) });
      return { made: (JSON.parse(text) as { made: Made }).made };
    } catch (error) {
      if (!(error instanceof CliError && error.exitCode === EXIT.refused)) throw error;
      return { code: codeOf(error.problem) };
    }
  }
  return {
    ask,
    async send(...commands) {
      const [first] = commands;
      return (await ask(commands.length === 1 ? first : { type: "batch", commands })).made;
    },
  };
}

function codeOf(problem: object | undefined): string | undefined {
  return problem !== undefined && "code" in problem && typeof problem.code === "string" ? problem.code : undefined;
}
