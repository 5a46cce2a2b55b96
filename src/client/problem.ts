// Owns how a refusal reaches the user: an error with the code of docs/errors.md, or one of the client's own three.
// Does not own retrying (pending-commands.ts). The server's registry of codes stays out of the browser.

/** A problem document (RFC 9457) of the server, or one that the client states itself. */
export interface Problem {
  readonly code: string;
  /** `same`: send it again with the same id. `later`: the same after a pause. `no`: change something first. */
  readonly retry: "same" | "later" | "no";
  readonly detail: string;
  readonly facts?: Readonly<Record<string, string | number | boolean | null>>;
  readonly errors?: readonly { readonly at: string; readonly message: string }[];
}

export interface CommandState {
  readonly commandId: string;
  /** The command may be applied, although no answer says so: send it again with the same id to find out. */
  readonly maybeApplied: boolean;
}

/**
 * Codes are those of docs/errors.md, and besides `unreachable` (no server answered in time), `closed` (by the user) and
 * `stopped` (the server wants this client to stay away).
 */
export class SwarmboardError extends Error {
  declare readonly code: string;
  declare readonly retry: Problem["retry"];
  declare readonly detail: string;
  declare readonly facts: NonNullable<Problem["facts"]>;
  declare readonly errors: NonNullable<Problem["errors"]>;
  declare readonly command: CommandState | undefined;
  constructor({ code, retry, detail, facts = {}, errors = [] }: Problem, command?: CommandState) {
    super(`${code}: ${errors.map(({ at, message }) => `${at} ${message}`).join("; ") || detail}`);
    Object.assign(this, { name: "SwarmboardError", code, retry, detail, facts, errors, command });
  }
}

export const problem = (code: string, retry: Problem["retry"], detail: string): Problem => ({ code, retry, detail });

/** The problem document in a body or in an error's `data`, or `otherwise` where there is none. */
export function readProblem(value: unknown, otherwise: Problem): Problem {
  const found = value as Partial<Problem> | null | undefined;
  return typeof found?.code === "string" ? { ...otherwise, ...found } : otherwise;
}
