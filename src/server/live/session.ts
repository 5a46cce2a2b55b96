// Owns one client's session from welcome to close, whatever carries it: its requests, subscriptions, flow and rates.
// Does not own the wire (transport), or what is told to whom (channel). Time is passed in.
//
//   open ──drain──▶ draining ──┐
//     │                        ├──▶ closed      (the client left, or a close code of W-BACK-4)
//     └────────────────────────┘
//
//   message   open, draining: answered          closed: ignored
//   look      open, draining: stuck? too many?  closed: ignored
//   drain     open: says so                     draining, closed: ignored
//   end       open, draining: leaves channels   closed: ignored

import type { ZodType } from "zod";
import {
  ackSchema,
  authenticateSchema,
  CLOSE,
  type CloseCode,
  pingSchema,
  PRODUCT_VERSION,
  SESSION_LIMITS,
  type Subscribe,
  type Subscribed,
  subscribeSchema,
  SUBPROTOCOL,
  unsubscribeSchema,
  windowMoveSchema,
  WIRE_REVISION,
} from "../../protocol/index.ts";
import { readBody } from "../body.ts";
import { Refusal } from "../problem.ts";
import type { Channel } from "./channel.ts";
import type { CommandGate } from "./command-gate.ts";
import { Flow } from "./flow.ts";
import { Frame } from "./frame.ts";
import type { Listener, Member } from "./member.ts";
import { errorText, type Message, readMessage, resultText } from "./rpc.ts";
import { Subscriptions } from "./subscriptions.ts";
import type { LiveTimers } from "./timers.ts";
import { TokenBucket } from "./token-bucket.ts";
import type { Transport } from "./transport.ts";

/** Messages besides acknowledgements (W-FLOW-4). Beyond: 4429. */
const MESSAGES_PER_S = 200;
const MESSAGES_BURST = 1000;
/** UTF-16 units of answers for a client beyond its bound (W-FLOW-3). More, and it is closed with 4408 at once. */
const MAX_UNREAD_UNITS = 1_048_576;
/** Requests that need one another. */
const IN_ORDER: ReadonlySet<string> = new Set(["subscribe", "window", "unsubscribe"]);

/** By far the commonest message, as every client writes it. Others are read in full. */
const PLAIN_ACK = /^\{"jsonrpc":"2\.0","method":"ack","params":\{"syncs":(\d{1,15})\}\}$/;

interface Answered {
  /** JSON text. */
  readonly result: string;
  /** Subscription that is told its first sync once the answer is sent. */
  readonly starts?: string;
  /** Subscription whose window moved. */
  readonly moved?: string;
}

export interface SessionOptions {
  readonly id: string;
  readonly agent: string;
  readonly beatMs: number;
  readonly transport: Transport;
  readonly timers: LiveTimers;
  readonly channelOf: (board: string) => Promise<Channel | undefined>;
  readonly commands: CommandGate;
  /** A client that takes nothing for so long is ended. */
  readonly stuckMs?: number | undefined;
  readonly fault: (error: unknown) => void;
  /** Called once. */
  readonly onEnd: (session: Session) => void;
}

export class Session implements Listener {
  readonly id: string;
  readonly agent: string;
  readonly beatMs: number;
  readonly openedAtMs: number;
  /** Kept here, where a flush looks at it for every client. */
  isManifold = false;
  readonly #options: SessionOptions;
  readonly #transport: Transport;
  readonly #flow: Flow;
  readonly #rate: TokenBucket;
  readonly #subscriptions: Subscriptions;
  #phase: "open" | "draining" | "closed" = "open";
  /** Commands that wait for their outcome. */
  #inFlight = 0;
  /** Requests about subscriptions that wait for those before them, and the last of these. */
  #inOrder = 0;
  #before: Promise<void> = Promise.resolve();
  /** Windows that moved in this turn. */
  readonly #moved = new Set<string>();
  #wasHeld = false;
  /** Answers that were sent while more than the bound waited, in UTF-16 units. */
  #unreadUnits = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#transport = options.transport;
    this.id = options.id;
    this.agent = options.agent;
    this.beatMs = options.beatMs;
    this.openedAtMs = options.timers.wallMs();
    this.#flow = new Flow(options.stuckMs);
    this.#rate = new TokenBucket(MESSAGES_BURST, MESSAGES_PER_S, options.timers.now());
    this.#subscriptions = new Subscriptions(this, options.channelOf);
  }

  get isClosed(): boolean {
    return this.#phase === "closed";
  }

  get subscriptions(): Iterable<{ readonly member: Member; readonly channel: Channel }> {
    return this.#subscriptions.all;
  }

  get takes(): boolean {
    const takes = this.#phase !== "closed" && this.#flow.takes(this.#transport.waitingBytes);
    if (!takes) this.#wasHeld = true;
    return takes;
  }

  /** Say who is speaking (W-CONN-4). */
  welcome(): void {
    const { id, agent, beatMs } = this;
    const at = this.#options.timers.wallMs();
    const said = { protocol: SUBPROTOCOL, revision: WIRE_REVISION, server: PRODUCT_VERSION, session: id, agent };
    const params = JSON.stringify({ ...said, role: this.#options.commands.role, at, beatMs, limits: SESSION_LIMITS });
    this.#transport.push(new Frame("welcome", params));
  }

  /** Subscribe; the first sync follows when `start` is called. @throws Refusal */
  async subscribe(asked: Subscribe, isPoll = false): Promise<Subscribed> {
    const subscribed = await this.#subscriptions.subscribe(asked, isPoll);
    this.isManifold = this.#subscriptions.size > 1;
    return subscribed;
  }

  start(sub: string): void {
    this.#subscriptions.start(sub);
  }

  /** A text message of the client. */
  message(text: string): void {
    if (this.#phase === "closed") return;
    const quick = PLAIN_ACK.exec(text);
    if (quick !== null) return this.#acknowledged(Number(quick[1]));
    const message = readMessage(text);
    if (message === undefined) return this.close(CLOSE.badFrame, "not a JSON-RPC 2.0 message");
    if (message.method === "ack" && message.id === undefined) return this.#acknowledge(message);
    if (!this.#rate.take(this.#options.timers.now())) return this.close(CLOSE.tooMany, "too many messages");
    this.#handle(message);
  }

  /** Look at the clock. */
  look(nowMs: number): void {
    if (this.#phase === "closed") return;
    if (this.#flow.isStuck(this.#transport.waitingBytes, nowMs)) return this.close(CLOSE.tooSlow, "too slow");
    if (this.#wasHeld && this.takes) this.#resume();
  }

  /** A beat that many share, after what keeps its subscriptions young. */
  beat(frame: Frame): void {
    if (this.#phase === "closed") return;
    // Whoever was held back and takes more again is behind for what it sees.
    if (this.#wasHeld && this.takes) this.#resume();
    for (const { member, channel } of this.#subscriptions.all) channel.keepYoung(member);
    this.#transport.push(frame);
  }

  drain(afterMs: number, spreadMs: number): void {
    if (this.#phase !== "open") return;
    this.#phase = "draining";
    this.#transport.push(new Frame("drain", JSON.stringify({ afterMs, spreadMs })));
  }

  close(how: CloseCode, reason: string): void {
    if (this.#phase === "closed") return;
    this.#transport.close(how, reason);
    this.end();
  }

  /** The transport is gone. */
  end(): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    this.#subscriptions.close();
    this.#options.onEnd(this);
  }

  tell(_member: Member, frame: Frame): void {
    this.#flow.sent(this.#transport.push(frame));
  }

  hold(): void {
    this.#transport.hold();
  }

  release(): void {
    this.#transport.release();
  }

  fail(): void {
    this.close(CLOSE.fault, "the server made a mistake");
  }

  boardGone(board: string): void {
    this.close(CLOSE.goingAway, `board ${board} was deleted`);
  }

  /** The transport has sent what waited. */
  drained(): void {
    if (this.#wasHeld && this.takes) this.#resume();
  }

  #resume(): void {
    this.#wasHeld = false;
    for (const { member, channel } of this.#subscriptions.all) channel.resume(member);
  }

  #acknowledge({ params }: Message): void {
    const ack = ackSchema.safeParse(JSON.parse(params));
    if (!ack.success) return this.close(CLOSE.badFrame, "an acknowledgement that is none");
    this.#acknowledged(ack.data.syncs);
  }

  #acknowledged(syncs: number): void {
    this.#flow.acknowledged(syncs);
    if (this.#wasHeld && this.takes) this.#resume();
  }

  /** Read a request now, and answer it: those about subscriptions one after the other, as they came (W-CONN-5). */
  #handle(message: Message): void {
    const { id, method } = message;
    const answer = async (work: () => Promise<Answered>): Promise<void> => {
      try {
        const { result, starts, moved } = await work();
        if (id !== undefined) this.#reply(resultText(id, result));
        // Only now: the client learns where it stands before it hears what came since.
        if (starts !== undefined) this.#subscriptions.start(starts);
        if (moved !== undefined) this.#startSoon(moved);
      } catch (error) {
        this.#refuse(id, error);
      }
    };
    let work: () => Promise<Answered>;
    try {
      work = this.#prepare(message);
    } catch (error) {
      return this.#refuse(id, error);
    }
    if (!IN_ORDER.has(method)) void answer(work);
    else if (this.#inOrder >= SESSION_LIMITS.inFlight) this.#refuse(id, new Refusal("overloaded"));
    else {
      this.#inOrder++;
      this.#before = this.#before.then(async () => {
        await answer(work);
        this.#inOrder--;
      });
    }
  }

  /** Of several moves that came at once, the last is told (W-WIN-4). */
  #startSoon(sub: string): void {
    if (this.#moved.size === 0)
      this.#options.timers.after(0, () => {
        const moved = [...this.#moved];
        this.#moved.clear();
        for (const one of moved) this.#subscriptions.start(one);
      });
    this.#moved.add(sub);
  }

  /** @throws Refusal */
  #prepare(message: Message): () => Promise<Answered> {
    const { method, params } = message;
    switch (method) {
      case "subscribe": {
        const asked = this.#read(subscribeSchema, params);
        return async () => ({ result: JSON.stringify(await this.subscribe(asked)), starts: asked.sub });
      }
      case "window": {
        const move = this.#read(windowMoveSchema, params);
        return async () => {
          this.#subscriptions.move(move);
          return { result: JSON.stringify({ sub: move.sub }), moved: move.sub };
        };
      }
      case "unsubscribe": {
        const { sub } = this.#read(unsubscribeSchema, params);
        return async () => {
          this.#subscriptions.drop(sub);
          this.isManifold = this.#subscriptions.size > 1;
          return { result: JSON.stringify({ sub }) };
        };
      }
      case "command":
        return async () => ({ result: await this.#command(params) });
      case "authenticate":
        this.#read(authenticateSchema, params);
        return async () => ({ result: JSON.stringify({ role: this.#options.commands.role }) });
      case "ping":
        this.#read(pingSchema, params);
        return async () => ({ result: JSON.stringify({ at: this.#options.timers.wallMs() }) });
      case "ack":
        // With an id it is a request, and has an answer like any other.
        return async () => {
          this.#acknowledge(message);
          return { result: "{}" };
        };
      default:
        throw new Refusal("unknown_method", { facts: { method: method.slice(0, 64) } });
    }
  }

  /** Answers of one who does not read them are bounded too (L6). */
  #reply(text: string): void {
    if (this.#phase === "closed") return;
    this.#unreadUnits =
      this.#transport.waitingBytes > SESSION_LIMITS.unackedBytes ? this.#unreadUnits + text.length : 0;
    if (this.#unreadUnits > MAX_UNREAD_UNITS) return this.close(CLOSE.tooSlow, "too slow");
    this.#transport.reply(text);
  }

  async #command(params: string): Promise<string> {
    if (this.#inFlight >= SESSION_LIMITS.inFlight) throw new Refusal("overloaded");
    this.#inFlight++;
    try {
      return await this.#options.commands.send(params, this.agent);
    } finally {
      this.#inFlight--;
    }
  }

  #read<S extends ZodType>(schema: S, params: string): S["_output"] {
    const read = readBody(schema, params, this.#options.commands.limits);
    if ("refusal" in read) throw read.refusal;
    return read.value;
  }

  #refuse(id: string | undefined, error: unknown): void {
    if (!(error instanceof Refusal)) this.#options.fault(error);
    if (id === undefined) return;
    const refusal = error instanceof Refusal ? error : new Refusal("internal");
    this.#reply(errorText(id, refusal.code, refusal.told));
  }
}
