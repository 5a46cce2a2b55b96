// Owns the text of a cursor: `<epoch>.<filter hash>.<seq>` (docs/protocol.md, section 1). Clients only join `resume` and a position.

export interface Cursor {
  readonly epoch: string;
  readonly filter: string;
  readonly seq: number;
}

export const resumeOf = (epoch: string, filter: string): string => `${epoch}.${filter}`;

export const cursorOf = (resume: string, seq: number): string => `${resume}.${seq}`;

/** Undefined for text that is no cursor. */
export function readCursor(text: string): Cursor | undefined {
  const match = /^([A-Za-z0-9_-]{1,64})\.([a-z0-9]{1,32})\.(\d{1,16})$/.exec(text);
  if (match === null) return undefined;
  const [, epoch = "", filter = "", digits = ""] = match;
  const seq = Number(digits);
  return Number.isSafeInteger(seq) ? { epoch, filter, seq } : undefined;
}
