// Owns messages on their way to endpoints: what waits, when it is tried again, what is given up, and the file that keeps all
// that, so that an alert is sent at least once although the server is killed at any moment. Does not own what they say.
// Bounded per endpoint: MOST_WAITING wait (beyond, the oldest is given up), MOST_DEAD given up are kept (beyond, the oldest
// goes and is counted). One message of an endpoint is under way at a time; endpoints do not wait for one another.
//
//   waiting ──its time──▶ under way ──2xx──▶ gone
//      ▲                     └──fails──┬── tries left ──▶ waiting (PAUSES_MS, with jitter)
//      └───────── retried by hand ─────┴── none left ──▶ dead

import { z } from "zod";
import { nodeDisk, readSmallFile, replaceFile } from "../../log/index.ts";

/** Pauses before the tries after the first, as Standard Webhooks proposes: a bit over a day in all. */
export const PAUSES_MS = [5, 300, 1800, 7200, 18_000, 36_000, 36_000].map((seconds) => seconds * 1000);
const MOST_WAITING = 1000;
const MOST_DEAD = 200;
const FILE = "webhook-deliveries.json";
/** Longest error text that is kept. */
const MOST_REASON_CHARS = 300;

const messageSchema = z.strictObject({
  /** The same over all tries. */
  id: z.string(),
  body: z.string(),
  createdAt: z.number(),
  tries: z.number(),
  /** Wall time of the next try. */
  nextAt: z.number(),
  /** Why the last try failed. */
  reason: z.string().optional(),
});
export type Message = Readonly<z.infer<typeof messageSchema>>;

const queueSchema = z.strictObject({
  /** Alerts that were raised up to here are sent or wait. */
  cursor: z.strictObject({ epoch: z.string(), seq: z.number() }),
  waiting: z.array(messageSchema),
  dead: z.array(messageSchema),
  /** Given up and not kept any more. */
  forgotten: z.number(),
});
type Queue = z.infer<typeof queueSchema>;
const fileSchema = z.strictObject({ version: z.literal(1), queues: z.record(z.string(), queueSchema) });

/** How a try ended. */
export type Tried = { readonly ok: true } | { readonly ok: false; readonly reason: string; readonly gone?: boolean };

export interface DeliveriesOptions {
  readonly dir: string | undefined;
  /** Send one message. Never rejects. `signal` ends it. */
  readonly send: (endpoint: string, message: Message, signal: AbortSignal) => Promise<Tried>;
  /** The endpoint is gone for good: nothing more is tried. */
  readonly gone: (endpoint: string, reason: string) => void;
  readonly notice: (message: string, detail: object) => void;
  readonly now?: () => number;
  readonly chance?: () => number;
  readonly pausesMs?: readonly number[];
}

export interface Deliveries {
  /** Begin to keep account of an endpoint. `cursor`: where a new one starts. */
  open(endpoint: string, cursor: Queue["cursor"]): void;
  /** Where an endpoint stands. */
  cursorOf(endpoint: string): Queue["cursor"] | undefined;
  /** Messages of alerts up to a position. */
  offer(endpoint: string, cursor: Queue["cursor"], messages: readonly Pick<Message, "id" | "body">[]): void;
  waiting(endpoint: string): readonly Message[];
  dead(endpoint: string): readonly Message[];
  forgotten(endpoint: string): number;
  /** Try a dead message again, from the first try on. False where there is none. */
  retry(endpoint: string, id: string): boolean;
  drop(endpoint: string): void;
  /** What is wrong, by part; empty when all was delivered. */
  warnings(): Readonly<Record<string, string>>;
  /** Stop sending and keep what waits. */
  close(): Promise<void>;
}

/** @throws Error where the file is there and cannot be read */
export async function openDeliveries(options: DeliveriesOptions): Promise<Deliveries> {
  const { dir, now = Date.now, chance = Math.random, pausesMs = PAUSES_MS } = options;
  const queues = new Map<string, Queue>(dir === undefined ? [] : await read(dir));
  const busy = new Map<string, Promise<void>>();
  const underWay = new Set<Message>();
  const timers = new Map<string, NodeJS.Timeout>();
  const stop = new AbortController();
  let isDirty = false;
  let saving: Promise<void> | undefined;

  /** One write at a time; what changes meanwhile is in the next one. */
  const save = (): void => {
    isDirty = true;
    if (dir === undefined || saving !== undefined) return;
    saving = (async () => {
      while (isDirty) {
        isDirty = false;
        try {
          const text = JSON.stringify({ version: 1, queues: Object.fromEntries(queues) });
          await replaceFile(nodeDisk, dir, FILE, Buffer.from(text), 0o600);
        } catch (error) {
          // Sent or not, it is only the account that is behind: after a crash some may be sent once more.
          options.notice("the account of webhooks could not be written", { err: error });
          return;
        }
      }
    })().finally(() => {
      saving = undefined;
    });
  };

  const bury = (queue: Queue, message: Message): void => {
    queue.dead.push(message);
    if (queue.dead.length <= MOST_DEAD) return;
    queue.dead.shift();
    queue.forgotten++;
  };

  /** The one that is under way may arrive: it is left alone. */
  const giveUpOldest = (queue: Queue): void => {
    const idle = queue.waiting.filter((message) => !underWay.has(message));
    const oldest = idle.reduce<Message | undefined>(
      (first, message) => (first === undefined || message.createdAt < first.createdAt ? message : first),
      undefined,
    );
    if (oldest === undefined) return;
    queue.waiting.splice(queue.waiting.indexOf(oldest), 1);
    bury(queue, { ...oldest, reason: `more than ${MOST_WAITING} messages wait` });
  };

  const arm = (endpoint: string): void => {
    clearTimeout(timers.get(endpoint));
    timers.delete(endpoint);
    const queue = queues.get(endpoint);
    if (queue === undefined || queue.waiting.length === 0 || busy.has(endpoint) || stop.signal.aborted) return;
    const at = Math.min(...queue.waiting.map((message) => message.nextAt));
    // A clock that jumps back must not put off a message for longer than its pause.
    const ms = Math.min(Math.max(0, at - now()), Math.max(...pausesMs, 0) * 2);
    timers.set(endpoint, setTimeout(() => begin(endpoint), ms).unref());
  };

  const begin = (endpoint: string): void => {
    const queue = queues.get(endpoint);
    const next = queue?.waiting.reduce((first, message) => (message.nextAt < first.nextAt ? message : first));
    if (queue === undefined || next === undefined || busy.has(endpoint) || stop.signal.aborted) return;
    const work = attempt(endpoint, queue, next).finally(() => {
      busy.delete(endpoint);
      arm(endpoint);
    });
    busy.set(endpoint, work);
  };

  const attempt = async (endpoint: string, queue: Queue, message: Message): Promise<void> => {
    underWay.add(message);
    const tried = await options.send(endpoint, message, stop.signal);
    underWay.delete(message);
    const at = queue.waiting.indexOf(message);
    // It was dropped, or pushed out, while it was under way; or the server stops, and nobody knows how it ended.
    if (at < 0 || queues.get(endpoint) !== queue || (stop.signal.aborted && !tried.ok)) return;
    queue.waiting.splice(at, 1);
    if (!tried.ok) {
      const reason = tried.reason.slice(0, MOST_REASON_CHARS);
      const pause = tried.gone === true ? undefined : pausesMs[message.tries];
      const nextAt = now() + (pause ?? 0) * (0.9 + chance() * 0.2);
      const failed: Message = { ...message, tries: message.tries + 1, nextAt, reason };
      if (pause === undefined) {
        bury(queue, failed);
        options.notice("a webhook message was given up", { endpoint, message: message.id, reason });
      } else queue.waiting.push(failed);
      if (tried.gone === true) {
        for (const one of queue.waiting.splice(0)) bury(queue, { ...one, reason });
        options.gone(endpoint, reason);
      }
    }
    save();
  };

  for (const endpoint of queues.keys()) arm(endpoint);

  return {
    open(endpoint, cursor) {
      if (queues.has(endpoint)) return;
      queues.set(endpoint, { cursor, waiting: [], dead: [], forgotten: 0 });
      save();
    },
    cursorOf: (endpoint) => queues.get(endpoint)?.cursor,
    offer(endpoint, cursor, messages) {
      const queue = queues.get(endpoint);
      if (queue === undefined) return;
      queue.cursor = cursor;
      const at = now();
      for (const { id, body } of messages) {
        queue.waiting.push({ id, body, createdAt: at, tries: 0, nextAt: at });
        if (queue.waiting.length <= MOST_WAITING) continue;
        giveUpOldest(queue);
      }
      if (messages.length === 0) return;
      save();
      arm(endpoint);
    },
    waiting: (endpoint) => queues.get(endpoint)?.waiting ?? [],
    dead: (endpoint) => queues.get(endpoint)?.dead ?? [],
    forgotten: (endpoint) => queues.get(endpoint)?.forgotten ?? 0,
    retry(endpoint, id) {
      const queue = queues.get(endpoint);
      const at = queue?.dead.findIndex((message) => message.id === id) ?? -1;
      const [message] = at < 0 ? [] : (queue?.dead.splice(at, 1) ?? []);
      if (queue === undefined || message === undefined) return false;
      queue.waiting.push({ ...message, tries: 0, nextAt: now() });
      save();
      arm(endpoint);
      return true;
    },
    drop(endpoint) {
      clearTimeout(timers.get(endpoint));
      timers.delete(endpoint);
      if (queues.delete(endpoint)) save();
    },
    warnings() {
      const late = [...queues].flatMap(([endpoint, { waiting }]) => {
        const failing = waiting.find(({ tries }) => tries > 0);
        return failing === undefined
          ? []
          : [[`webhook:${endpoint}`, `${failing.reason ?? ""}; ${waiting.length} wait`]];
      });
      return Object.fromEntries(late) as Record<string, string>;
    },
    async close() {
      stop.abort();
      for (const timer of timers.values()) clearTimeout(timer);
      await Promise.all(busy.values());
      await saving;
      if (isDirty) save();
      await saving;
    },
  };
}

async function read(dir: string): Promise<[string, Queue][]> {
  const text = await readSmallFile(nodeDisk, `${dir}/${FILE}`);
  if (text === undefined) return [];
  try {
    return Object.entries(fileSchema.parse(JSON.parse(text.toString("utf8"))).queues);
  } catch (error) {
    throw new Error(`cannot read the account of webhooks in ${dir}/${FILE}. Mend the file, or remove it.`, {
      cause: error,
    });
  }
}
