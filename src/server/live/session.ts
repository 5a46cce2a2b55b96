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

const OF_SUBSCRIPTIONS: ReadonlySet<string> = new Set(["subscribe", "window", "unsubscribe"]);

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
  readonly fault: (error: unknown) => void;
  /** Called once. */
  readonly onEnd: (session: Session) => void;
}

export class Session implements Listener {
  readonly id: string;
  readonly agent: string;
  readonly beatMs: number;
  readonly openedAtMs: number;
  readonly #options: SessionOptions;
  readonly #transport: Transport;
  readonly #flow = new Flow();
  readonly #rate: TokenBucket;
  readonly #subscriptions: Subscriptions;
  #phase: "open" | "draining" | "closed" = "open";
  #inFlight = 0;
  /** Requests about subscriptions, one after another, because opening a board may take one of them long (W-CONN-5). */
  #lastAnswer: Promise<unknown> = Promise.resolve();
  /** Windows that moved in this turn. */
  readonly #moved = new Set<string>();
  #wasHeld = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#transport = options.transport;
    this.id = options.id;
    this.agent = options.agent;
    this.beatMs = options.beatMs;
    this.openedAtMs = options.timers.wallMs();
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
  async subscribe(asked: Subscribe): Promise<Answered> {
    const subscribed = await this.#subscriptions.subscribe(asked);
    return { result: JSON.stringify(subscribed), starts: asked.sub };
  }

  start(sub: string): void {
    this.#subscriptions.start(sub);
  }

  /** A text message of the client. */
  message(text: string): void {
    if (this.#phase === "closed") return;
    const message = readMessage(text);
    if (message === undefined) return this.close(CLOSE.badFrame, "not a JSON-RPC 2.0 message");
    if (message.method === "ack") return this.#acknowledge(message);
    if (!this.#rate.take(this.#options.timers.now())) return this.close(CLOSE.tooMany, "too many messages");
    const { id } = message;
    this.#inOrder(message).then(
      ({ result, starts, moved }) => {
        if (id !== undefined && !this.isClosed) this.#transport.reply(resultText(id, result));
        // Only now: the client learns where it stands before it hears what came since.
        if (starts !== undefined) this.#subscriptions.start(starts);
        if (moved !== undefined) this.#startSoon(moved);
      },
      (error: unknown) => this.#refuse(id, error),
    );
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

  get isManifold(): boolean {
    return this.#subscriptions.size > 1;
  }

  hold(): void {
    this.#transport.hold();
  }

  release(): void {
    this.#transport.release();
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
    this.#flow.acknowledged(ack.data.syncs);
    if (this.#wasHeld && this.takes) this.#resume();
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

  #inOrder(message: Message): Promise<Answered> {
    if (!OF_SUBSCRIPTIONS.has(message.method)) return this.#answer(message);
    const answered = this.#lastAnswer.then(() => this.#answer(message));
    this.#lastAnswer = answered.catch(() => undefined);
    return answered;
  }

  /** @throws Refusal */
  async #answer({ method, params }: Message): Promise<Answered> {
    switch (method) {
      case "subscribe":
        return this.subscribe(this.#read(subscribeSchema, params));
      case "window": {
        const move = this.#read(windowMoveSchema, params);
        this.#subscriptions.move(move);
        return { result: JSON.stringify({ sub: move.sub }), moved: move.sub };
      }
      case "unsubscribe": {
        const { sub } = this.#read(unsubscribeSchema, params);
        this.#subscriptions.drop(sub);
        return { result: JSON.stringify({ sub }) };
      }
      case "command":
        return { result: await this.#command(params) };
      case "authenticate":
        this.#read(authenticateSchema, params);
        return { result: JSON.stringify({ role: this.#options.commands.role }) };
      case "ping":
        this.#read(pingSchema, params);
        return { result: JSON.stringify({ at: this.#options.timers.wallMs() }) };
      default:
        throw new Refusal("unknown_method", { facts: { method: method.slice(0, 64) } });
    }
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
    if (id === undefined || this.#phase === "closed") return;
    const refusal = error instanceof Refusal ? error : new Refusal("internal");
    this.#transport.reply(errorText(id, refusal.code, refusal.told));
  }
}
