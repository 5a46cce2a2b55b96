// Owns the seed's custom data: members that the host program adds to every classic frame.
// Does not own the frame. Invariant: a field that throws, is slow or too large costs nobody but itself.

export type ClassicField = () => unknown;

/** Fields of one server. Beyond: refused at the start. */
const MAX_FIELDS = 16;
/** Bytes of one field as JSON. Beyond: left out of the frame. */
const MAX_FIELD_BYTES = 65_536;
/** One complaint per field in this time. */
const COMPLAIN_EVERY_MS = 60_000;

const RESERVED = new Set(["timestamp", "blackboard", "budget", "audit", "board"]);

/** @throws Error where there are too many fields, or one has the name of a part of the frame. */
export function checkFields(fields: Readonly<Record<string, ClassicField>>): void {
  const names = Object.keys(fields);
  if (names.length > MAX_FIELDS) throw new Error(`at most ${MAX_FIELDS} classic fields, not ${names.length}`);
  for (const name of names) {
    if (RESERVED.has(name)) throw new Error(`the classic field ${name} has the name of a part of the frame`);
  }
}

export interface ClassicFieldsOptions {
  readonly fields: Readonly<Record<string, ClassicField>>;
  /** A field that takes longer is left out. */
  readonly timeoutMs: number;
  readonly now: () => number;
  readonly complain: (field: string, reason: string) => void;
}

export interface ClassicFields {
  readonly empty: boolean;
  /** The members to add to a frame: empty, or `,"name":value…`. Takes at most `timeoutMs`. */
  collect(): Promise<string>;
}

const LATE = Symbol("late");

export function createClassicFields(options: ClassicFieldsOptions): ClassicFields {
  const entries = Object.entries(options.fields);
  const running = new Set<string>();
  const complainedAt = new Map<string, number>();

  const complain = (name: string, reason: string): undefined => {
    const now = options.now();
    if (now - (complainedAt.get(name) ?? -Infinity) >= COMPLAIN_EVERY_MS) {
      complainedAt.set(name, now);
      options.complain(name, reason);
    }
    return undefined;
  };

  const one = async (name: string, field: ClassicField): Promise<string | undefined> => {
    // One call at a time: a field that never ends would otherwise pile up, one call a tick.
    if (running.has(name)) return complain(name, "its former call has not ended");
    running.add(name);
    let timer: NodeJS.Timeout | undefined;
    try {
      const call = (async () => field())().finally(() => running.delete(name));
      const late = new Promise<typeof LATE>((resolve) => {
        timer = setTimeout(resolve, options.timeoutMs, LATE);
      });
      const value = await Promise.race([call, late]);
      if (value === LATE) {
        // Whatever it ends in, it is too late; a rejection must not go unheard.
        call.catch(() => undefined);
        return complain(name, `took longer than ${options.timeoutMs} ms`);
      }
      const text = JSON.stringify(value) as string | undefined;
      if (text === undefined) return complain(name, "has no JSON form");
      if (Buffer.byteLength(text) > MAX_FIELD_BYTES) return complain(name, `is larger than ${MAX_FIELD_BYTES} bytes`);
      return `,${JSON.stringify(name)}:${text}`;
    } catch (error) {
      return complain(name, error instanceof Error ? error.message : "threw");
    } finally {
      clearTimeout(timer);
    }
  };

  return {
    empty: entries.length === 0,
    async collect() {
      if (entries.length === 0) return "";
      const texts = await Promise.all(entries.map(([name, field]) => one(name, field)));
      return texts.join("");
    },
  };
}
