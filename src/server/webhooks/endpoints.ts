// Owns the endpoints that alerts are sent to, and the file of the data folder that keeps them with their secrets (mode 0600).
// Does not own what is on its way to them (deliveries.ts). An endpoint holds when it is on disk, and not before (law L1).

import { z } from "zod";
import { nodeDisk, readSmallFile, replaceFile } from "../../log/index.ts";
import { boardNameSchema } from "../../protocol/index.ts";
import { Refusal } from "../problem.ts";
import { isSecret } from "./signature.ts";

const FILE = "webhooks.json";
/** Endpoints of one server. Beyond: `board_full`. */
export const MAX_ENDPOINTS = 100;

const endpointSchema = z.strictObject({
  id: z.string(),
  board: boardNameSchema,
  url: z.string().max(2048),
  kind: z.enum(["standard", "slack", "discord"]),
  secret: z.string().refine(isSecret, "is no whsec_ secret"),
  /** Kinds of alerts that are sent. */
  events: z.array(z.enum(["threshold", "projected"])).min(1),
  createdAt: z.number(),
  /** Where the board stood when it was added: alerts that were raised later are its. */
  since: z.strictObject({ epoch: z.string(), seq: z.number() }),
  createdBy: z.string(),
  /** Why nothing is sent any more: the endpoint answered 410 (Gone). */
  disabled: z.string().optional(),
});
export type Endpoint = Readonly<z.infer<typeof endpointSchema>>;

const fileSchema = z.strictObject({ version: z.literal(1), endpoints: z.array(endpointSchema).max(MAX_ENDPOINTS) });

export interface Endpoints {
  all(): readonly Endpoint[];
  get(id: string): Endpoint | undefined;
  /** @throws Refusal `board_full`, `log_unavailable` (the disk failed; nothing has changed) */
  add(endpoint: Endpoint): Promise<void>;
  /** @throws Refusal `log_unavailable` */
  change(id: string, change: Partial<Pick<Endpoint, "disabled">>): Promise<void>;
  /** True where there was one. @throws Refusal `log_unavailable` */
  remove(id: string): Promise<boolean>;
}

/**
 * `dir`: the data folder; without one they are lost at the end.
 * @throws Error where the file is there and cannot be read
 */
export async function openEndpoints(dir: string | undefined): Promise<Endpoints> {
  let kept: readonly Endpoint[] = dir === undefined ? [] : await read(dir);
  /** One change at a time, each on what the one before left. */
  let last: Promise<unknown> = Promise.resolve();
  const change = <T>(make: () => { readonly next: readonly Endpoint[]; readonly result: T }): Promise<T> => {
    const made = last.then(async () => {
      const { next, result } = make();
      if (dir !== undefined && next !== kept) await write(dir, next);
      kept = next;
      return result;
    });
    last = made.catch(() => undefined);
    return made;
  };
  return {
    all: () => kept,
    get: (id) => kept.find((one) => one.id === id),
    add: (endpoint) =>
      change(() => {
        if (kept.length >= MAX_ENDPOINTS) {
          throw new Refusal("board_full", {
            detail: `The server keeps at most ${MAX_ENDPOINTS} webhooks. Remove some.`,
          });
        }
        return { next: [...kept, endpoint], result: undefined };
      }),
    change: (id, changes) =>
      change(() => ({
        next: kept.map((one) => (one.id === id ? Object.assign({}, one, changes) : one)),
        result: undefined,
      })),
    remove: (id) =>
      change(() => {
        const next = kept.filter((one) => one.id !== id);
        return next.length === kept.length ? { next: kept, result: false } : { next, result: true };
      }),
  };
}

async function read(dir: string): Promise<readonly Endpoint[]> {
  const text = await readSmallFile(nodeDisk, `${dir}/${FILE}`);
  if (text === undefined) return [];
  try {
    return fileSchema.parse(JSON.parse(text.toString("utf8"))).endpoints;
  } catch (error) {
    throw new Error(`cannot read the webhooks in ${dir}/${FILE}. Mend the file, or remove it.`, { cause: error });
  }
}

async function write(dir: string, endpoints: readonly Endpoint[]): Promise<void> {
  try {
    const text = `${JSON.stringify({ version: 1, endpoints }, undefined, 2)}\n`;
    await replaceFile(nodeDisk, dir, FILE, Buffer.from(text), 0o600);
  } catch (error) {
    const why = error instanceof Error && "code" in error ? ` (${String(error.code)})` : "";
    throw new Refusal("log_unavailable", { detail: `The webhook could not be written to the data folder${why}.` });
  }
}
