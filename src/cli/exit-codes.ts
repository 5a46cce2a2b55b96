// Owns what the program's end tells its caller, and the failure that carries it up from a command.
// Does not own the codes of refusals (protocol/codes).

/** Documented in `swarmboard --help`; scripts rely on them. */
export const EXIT = {
  ok: 0,
  /** The server refused (the code says why), or could not start. */
  refused: 1,
  /** The command line, an environment variable or the config file is wrong. */
  usage: 2,
  /** No server answers at the address. */
  unreachable: 3,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends a command with a message for people and, in JSON, for programs. */
export class CliError extends Error {
  readonly exitCode: ExitCode;
  /** The server's problem document, where there is one. */
  readonly problem: object | undefined;
  constructor(exitCode: ExitCode, message: string, problem?: object) {
    super(message);
    this.name = "CliError";
    this.exitCode = exitCode;
    this.problem = problem;
  }
}
