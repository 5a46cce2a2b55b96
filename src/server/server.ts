// Owns the composition: store → engine → followers → HTTP and sockets, and the way down in the reverse order.
// Does not own any of the parts. Nothing listens before the boards are recovered (law L1).

import { resolve } from "node:path";
import { performance } from "node:perf_hooks";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createEngine, DEFAULT_CHECKPOINT_POLICY, type Engine } from "../engine/index.ts";
import { createFileStore, createMemoryStore } from "../log/index.ts";
import { createAnchors } from "./anchors/anchors.ts";
import { createApp } from "./app.ts";
import { createConnections } from "./edge/connections.ts";
import { allowedNames, bareHost, isLoopback, openableHost } from "./edge/hosts.ts";
import { createListener } from "./edge/listener.ts";
import { createFollowers } from "./followers.ts";
import { createLog } from "./log.ts";
import type { Near } from "./near.ts";
import { DEFAULT_BOARD, type ServerOptions, settle } from "./options.ts";
import { openPriceBook } from "./prices/price-book.ts";
import { createHub } from "./live/hub.ts";
import { createKeySearcher } from "./live/key-searcher.ts";
import { createRowHost } from "./live/row-host.ts";
import { asksForSession, createSessionSockets } from "./live/session-socket.ts";
import { SYSTEM_TIMERS } from "./live/timers.ts";
import { createClassicSockets } from "./socket/classic-socket.ts";
import { createFrames } from "./views/frames.ts";
import { createWebhooks } from "./webhooks/webhooks.ts";

/** Clients of a server that stops come back spread over a time: this, and a quarter of a ms for each. */
const DRAIN_SPREAD_MS = 1000;
const MOST_DRAIN_SPREAD_MS = 10_000;

export interface SwarmboardServer {
  /** Where to open it, such as `http://127.0.0.1:8000`. */
  readonly url: string;
  readonly port: number;
  readonly engine: Engine;
  /** Resolves when every followed workspace is imported. */
  readonly ready: Promise<void>;
  /** Counts of the moment, for metrics and tests. */
  readonly counts: {
    readonly sockets: number;
    /** Event streams and polls. */
    readonly streams: number;
    readonly connections: number;
    readonly groups: number;
    readonly frames: number;
    readonly bodies: number;
  };
  /** Stop: refuse what is new, close sockets with 1001, finish what was taken, free the log. Takes at most `stopMs` (5 s). */
  close(): Promise<void>;
}

/**
 * Start a server.
 * @throws Error where the settings are not safe, the address is taken, or the data folder is locked or damaged.
 */
export async function createServer(options: ServerOptions): Promise<SwarmboardServer> {
  const settings = settle(options);
  const { timings } = settings;
  const log = createLog(options);
  const clock = (): number => performance.now();
  if (options.logFile !== undefined && options.logger === undefined) {
    log.info({ file: resolve(options.logFile) }, "the log is written to this file too");
  }
  if (!isLoopback(settings.host)) {
    log.warn(
      { host: settings.host },
      "listening beyond loopback without tokens: everyone who reaches the port can read and write",
    );
  }

  const anchors = createAnchors(options.anchors ?? {}, log);
  const store =
    options.dataDir === undefined
      ? createMemoryStore()
      : await createFileStore({
          dir: options.dataDir,
          maxRecordBytes: settings.limits.maxRecordBytes,
          ...(options.anchors === undefined ? {} : { onCheckpoint: anchors.offer }),
        });
  const engine = await createEngine({
    store,
    limits: settings.limits,
    checkpointPolicy: { ...DEFAULT_CHECKPOINT_POLICY, ...options.checkpoints },
    notice: (board, message, detail) => log.warn({ board, detail }, message),
  }).catch(async (error: unknown) => {
    await store.close();
    throw error;
  });

  let stopping = false;
  const starting: (() => Promise<void>)[] = [() => engine.close()];
  try {
    // Before anything is taken, so that a bad file of prices stops the start. The data folder is locked by now.
    const prices = await openPriceBook({ dataDir: options.dataDir, file: options.prices });
    if (!engine.list().includes(DEFAULT_BOARD)) await engine.create(DEFAULT_BOARD);
    // Opened now, so that a damaged log stops the start and not the first request.
    await engine.board(DEFAULT_BOARD);
    const followers = await createFollowers({ engine, follow: options.follow ?? [], limits: settings.limits, log });
    starting.push(() => followers.close());

    const webhooks = await createWebhooks(engine, options.dataDir, options.webhooks ?? {}, log);
    starting.push(() => webhooks.close());
    const frames = createFrames(Date.now);
    const connections = createConnections({ perIp: settings.maxConnectionsPerIp, total: settings.maxConnections });
    const fault = (error: unknown, board?: string): void => log.error({ err: error, board }, "live sync failed");
    const searcher = createKeySearcher({ fault });
    const host = createRowHost(searcher.search, fault);
    const hub = createHub({
      engine,
      limits: settings.limits,
      redaction: settings.redaction,
      timers: SYSTEM_TIMERS,
      prices,
      host,
      stuckMs: timings.slowMs,
      fault,
    });
    const near: Near = {
      engine,
      settings,
      hub,
      prices,
      streams: new Set(),
      tails: new Set(),
      now: Date.now,
      followed: followers.boards,
      webhooks,
      warnings: () => ({ ...followers.warnings(), ...anchors.warnings(), ...webhooks.warnings() }),
      notReady: () => reasonsNotReady(engine, [DEFAULT_BOARD, ...followers.boards], stopping, followers.pending()),
    };
    const sockets = createClassicSockets({ engine, frames, settings, connections, log, now: Date.now, clock });
    starting.push(() => sockets.close(1001, "server stopping", 0));
    const sessions = createSessionSockets({ hub, settings, connections, log, clock });
    starting.push(async () => {
      hub.close();
      sessions.close();
      await searcher.close();
    });
    const { app } = await createApp(near, log, (handler) =>
      createListener(
        {
          names: allowedNames(settings.host, [...settings.allowedHosts, ...settings.allowedOrigins.map(hostOf)]),
          origins: new Set(settings.allowedOrigins),
          connections,
          timings,
          stopping: () => stopping,
          onUpgrade: (request, ...rest) => (asksForSession(request) ? sessions : sockets).upgrade(request, ...rest),
        },
        handler,
      ),
    );
    await app.ready();
    await listen(app.server, settings.port, settings.host);
    const { port } = app.server.address() as AddressInfo;
    log.info({ host: settings.host, port }, "server listening");

    const stop = async (): Promise<void> => {
      stopping = true;
      log.info({ sockets: sockets.count, sessions: sessions.count, streams: near.streams.size }, "server stopping");
      hub.drain(0, Math.min(MOST_DRAIN_SPREAD_MS, DRAIN_SPREAD_MS + sessions.count / 4));
      hub.close();
      for (const tail of near.tails) tail.close();
      const ended = new Promise<void>((done) => app.server.close(() => done()));
      app.server.closeIdleConnections();
      await Promise.all([followers.close(), sockets.close(1001, "server stopping", timings.stopMs / 5)]);
      // Requests under way get half of the time that is left; whoever is still connected then is cut off.
      await Promise.race([ended, pause(timings.stopMs / 3)]);
      app.server.closeAllConnections();
      sessions.close();
      await searcher.close();
      await app.close();
      await webhooks.close();
      await engine.close();
      // The last checkpoints are signed by then.
      await anchors.close(timings.stopMs / 5);
      log.info("server stopped");
    };
    let closing: Promise<void> | undefined;
    return {
      url: `http://${openableHost(settings.host)}:${port}`,
      port,
      engine,
      ready: followers.ready,
      counts: {
        get sockets() {
          return sockets.count + sessions.count;
        },
        get streams() {
          return near.streams.size + near.tails.size;
        },
        get connections() {
          return connections.total;
        },
        get groups() {
          return sockets.groups;
        },
        get frames() {
          return frames.work.frames;
        },
        get bodies() {
          return frames.work.bodies;
        },
      },
      close() {
        closing ??= within(stop(), timings.stopMs, () =>
          log.error("server did not stop in time; what was acknowledged is on disk"),
        );
        return closing;
      },
    };
  } catch (error) {
    for (const undo of starting.reverse()) await undo().catch(() => undefined);
    throw error;
  }
}

/** What is not ready, by part. A board that cannot be opened is one of the reasons, not a fault of the question. */
async function reasonsNotReady(
  engine: Engine,
  boards: readonly string[],
  stopping: boolean,
  pending: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> {
  const reasons: Record<string, string> = { ...pending };
  if (stopping) reasons["server"] = "stopping";
  for (const name of new Set(boards)) {
    try {
      const unwritable = (await engine.board(name))?.unwritable;
      if (unwritable !== undefined) reasons[`log:${name}`] = unwritable;
    } catch {
      reasons[`log:${name}`] = "the board cannot be opened; see the log";
    }
  }
  return reasons;
}

const hostOf = (origin: string): string => new URL(origin).host;

/** Connections that may wait to be taken in, as far as the system allows: beyond, each tries again after a second. */
const BACKLOG = 4096;

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((done, reject) => {
    server.once("error", reject);
    server.listen({ port, host: bareHost(host), backlog: BACKLOG }, () => {
      server.removeListener("error", reject);
      done();
    });
  });
}

const pause = (ms: number): Promise<void> =>
  new Promise((done) => {
    setTimeout(done, ms).unref();
  });

/** A disk that hangs must not keep the process. */
async function within(work: Promise<void>, ms: number, late: () => void): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<"late">((done) => {
    timer = setTimeout(done, ms, "late");
  });
  const how = await Promise.race([work, limit]);
  clearTimeout(timer);
  if (how === "late") late();
}
