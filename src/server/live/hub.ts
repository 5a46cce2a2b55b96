// Owns all sessions of a server and the channels that they listen to: what beats say, sweeps, drain, and the end of both.
// Does not own what carries a session, or when beats are due (beats). Everything is bounded by the connections that the edge lets in.

import { randomBytes } from "node:crypto";
import type { Engine } from "../../engine/contract.ts";
import type { RowSourcesHost } from "../../feed/index.ts";
import { CLOSE, type Limits } from "../../protocol/index.ts";
import type { Prices } from "../prices/price-book.ts";
import { Refusal } from "../problem.ts";
import type { Redaction } from "../redaction.ts";
import { Beats } from "./beats.ts";
import { Channel } from "./channel.ts";
import { type CommandGate, createCommandGate } from "./command-gate.ts";
import { Frame } from "./frame.ts";
import { Session } from "./session.ts";
import type { LiveTimers } from "./timers.ts";
import type { Transport } from "./transport.ts";

/** Between two looks at all sessions, in ms. */
const SWEEP_MS = 1000;
/** A channel that nobody listens to is let go after this; until then a resume needs no look at all entries. */
const IDLE_CHANNEL_MS = 60_000;

export interface HubOptions {
  readonly engine: Engine;
  readonly limits: Limits;
  readonly redaction?: Redaction;
  readonly timers: LiveTimers;
  readonly prices: Prices;
  readonly host: RowSourcesHost;
  /** A client that takes nothing for so long is ended. */
  readonly stuckMs?: number;
  readonly fault: (error: unknown, board: string | undefined) => void;
}

export interface Opening {
  readonly agent: string;
  /** Between two beats; 0 for none. */
  readonly beatMs: number;
  readonly transport: Transport;
  readonly onEnd?: () => void;
}

export interface Hub {
  readonly timers: LiveTimers;
  /**
   * Begin a session; the caller says `welcome` when its transport is ready.
   * @throws Refusal `shutting_down`
   */
  open(opening: Opening): Session;
  channelOf(board: string): Promise<Channel | undefined>;
  /** One beat's parameters for these boards, as of now. */
  beatFor(boards: Iterable<Channel>): Frame;
  readonly count: number;
  /** Tell everyone to come back, spread over a time (W-BACK-3). */
  drain(afterMs: number, spreadMs: number): void;
  /** End every session with 1012, and stop. */
  close(): void;
}

export function createHub(options: HubOptions): Hub {
  const { engine, timers } = options;
  const commands: CommandGate = createCommandGate(
    engine,
    options.limits,
    { prices: options.prices, wallMs: () => timers.wallMs() },
    options.redaction,
  );
  const channels = new Map<string, { channel: Channel; idleSince: number | undefined }>();
  const sessions = new Set<Session>();
  let isClosed = false;

  const channelOf = async (name: string): Promise<Channel | undefined> => {
    const board = await engine.board(name);
    const known = channels.get(name);
    if (known !== undefined && known.channel.board === board) return known.channel;
    if (known !== undefined) {
      channels.delete(name);
      known.channel.dissolve();
      known.channel.close();
    }
    if (board === undefined || isClosed) return undefined;
    const channel = new Channel({ board, timers, host: options.host, fault: options.fault });
    channels.set(name, { channel, idleSince: undefined });
    return channel;
  };

  const beatFor = (boards: Iterable<Channel>): Frame => {
    const told: string[] = [];
    for (const { board } of boards) {
      const { unwritable } = board;
      const reason = unwritable === undefined ? "" : `,"unwritable":${JSON.stringify(unwritable.slice(0, 500))}`;
      told.push(`"${board.name}":{"seq":${board.position.seq},"clock":${board.clockNow()}${reason}}`);
    }
    return new Frame("beat", `{"at":${timers.wallMs()},"boards":{${told.join(",")}}}`);
  };

  const beats = new Beats<Session>(timers, (due) => {
    const frames = new Map<string, Frame>();
    for (const session of due) {
      const own: Channel[] = [];
      for (const { channel } of session.subscriptions) if (!own.includes(channel)) own.push(channel);
      const name =
        own.length === 1 && own[0] !== undefined ? own[0].board.name : own.map(({ board }) => board.name).join(" ");
      const frame = frames.get(name) ?? beatFor(own);
      frames.set(name, frame);
      session.beat(frame);
    }
  });

  const sweep = (): void => {
    cancelSweep = timers.after(SWEEP_MS, sweep);
    const now = timers.now();
    for (const session of sessions) session.look(now);
    for (const [name, kept] of channels) {
      if (kept.channel.size > 0) {
        kept.idleSince = undefined;
        // A board that was deleted takes its listeners along.
        channelOf(name).catch((error: unknown) => options.fault(error, name));
        continue;
      }
      // Not asked for: that would make another one in place of the one that is let go.
      kept.idleSince ??= now;
      if (now - kept.idleSince < IDLE_CHANNEL_MS) continue;
      channels.delete(name);
      kept.channel.close();
    }
  };
  let cancelSweep = timers.after(SWEEP_MS, sweep);

  return {
    timers,
    open({ agent, beatMs, transport, onEnd }) {
      if (isClosed) throw new Refusal("shutting_down");
      const session = new Session({
        id: randomBytes(9).toString("base64url"),
        agent,
        beatMs,
        transport,
        timers,
        channelOf,
        commands,
        stuckMs: options.stuckMs,
        fault: (error) => options.fault(error, undefined),
        onEnd: (ended) => {
          sessions.delete(ended);
          beats.leave(ended);
          onEnd?.();
        },
      });
      sessions.add(session);
      beats.enter(session);
      return session;
    },
    channelOf,
    beatFor,
    get count() {
      return sessions.size;
    },
    drain(afterMs, spreadMs) {
      for (const session of sessions) session.drain(afterMs, spreadMs);
    },
    close() {
      isClosed = true;
      cancelSweep();
      for (const session of sessions) session.close(CLOSE.restart, "server stopping");
      beats.close();
      for (const { channel } of channels.values()) channel.close();
      channels.clear();
    },
  };
}
