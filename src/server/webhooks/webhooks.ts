// Owns the way from an alert on a board to the endpoints that asked for it. Does not own endpoints, their queues or the sending.
// Every alert that is raised after an endpoint was added is sent to it at least once: what a crash left unsent is found
// again on the board by its position. Alerts that the board has dropped meanwhile (the newest 1000 stay) are not.

import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import type { Applied, BoardHandle, Engine } from "../../engine/contract.ts";
import type { Alert } from "../../protocol/index.ts";
import { OutboundError, type OutboundPolicy, parseOutboundUrl, postOutbound } from "../edge/outbound.ts";
import { Refusal } from "../problem.ts";
import { type Deliveries, type Message, openDeliveries, type Tried } from "./deliveries.ts";
import { type Endpoint, type Endpoints, openEndpoints } from "./endpoints.ts";
import { alertEvent, bodyOf, testEvent } from "./messages.ts";
import { newSecret, signedHeaders } from "./signature.ts";

const TEST_TIMEOUT_MS = 5000;

export interface WebhookOptions {
  /** Endpoints may be in private networks. Default false. */
  readonly allowPrivate?: boolean | undefined;
  /** Pauses between tries in ms. Only tests have a reason to change them. */
  readonly pausesMs?: readonly number[];
}

export interface NewEndpoint extends Pick<Endpoint, "url" | "kind" | "events"> {
  readonly secret?: string | undefined;
}

export interface Webhooks {
  /** Endpoints of a board. */
  of(board: string): readonly Endpoint[];
  /** @throws Refusal `bad_request` for an address that may not be used, `board_full`, `log_unavailable` */
  add(board: BoardHandle, endpoint: NewEndpoint, by: string): Promise<Endpoint>;
  /** True where there was one. */
  remove(board: string, id: string): Promise<boolean>;
  /** The board is gone, and with it all that was to be sent of it. */
  forget(board: string): Promise<void>;
  /** Send a test message now, once. */
  test(endpoint: Endpoint): Promise<Tried>;
  readonly deliveries: Deliveries;
  warnings(): Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export async function createWebhooks(
  engine: Engine,
  dataDir: string | undefined,
  options: WebhookOptions,
  log: Pick<Logger, "warn">,
): Promise<Webhooks> {
  const policy: OutboundPolicy = { allowPrivate: options.allowPrivate };
  const endpoints: Endpoints = await openEndpoints(dataDir);
  const listening = new Map<string, () => void>();
  /** Boards that could not be opened at the start. */
  const unheard = new Set<string>();

  const deliveries = await openDeliveries({
    dir: dataDir,
    send: async (id, message, signal) => {
      const endpoint = endpoints.get(id);
      return endpoint === undefined
        ? { ok: false, reason: "removed", gone: true }
        : post(endpoint, message, { signal });
    },
    gone: (id, reason) => {
      endpoints.change(id, { disabled: reason }).catch((error: unknown) => {
        log.warn({ err: error, endpoint: id }, "an endpoint that is gone could not be marked so");
      });
    },
    notice: (message, detail) => log.warn(detail, message),
    ...(options.pausesMs === undefined ? {} : { pausesMs: options.pausesMs }),
  });

  const post = async (
    endpoint: Endpoint,
    message: Pick<Message, "id" | "body">,
    how: { readonly signal?: AbortSignal; readonly timeoutMs?: number },
  ): Promise<Tried> => {
    const headers = {
      "Content-Type": "application/json",
      ...signedHeaders(endpoint.secret, message.id, Date.now(), message.body),
    };
    try {
      const url = parseOutboundUrl(endpoint.url, policy);
      const body = { body: message.body, headers, ...how };
      const { status } = await postOutbound(url, body, policy);
      if (status < 300) return { ok: true };
      return { ok: false, reason: `the endpoint answers ${status}`, gone: status === 410 };
    } catch (error) {
      if (error instanceof OutboundError) return { ok: false, reason: error.message };
      return { ok: false, reason: error instanceof Error ? error.message : String(error) };
    }
  };

  /** Offer the alerts of a board that an endpoint has not been offered. */
  const offer = (board: BoardHandle, endpoint: Endpoint, alerts: Iterable<Alert>): void => {
    const { epoch, seq } = board.position;
    const cursor = deliveries.cursorOf(endpoint.id);
    // Another history: what is on the board now was not seen by this endpoint.
    const from = cursor?.epoch === epoch ? cursor.seq : 0;
    const fresh = [...alerts].filter((alert) => raisedIn(alert) > from && endpoint.events.includes(alert.kind));
    const messages = fresh.map((alert) => ({
      id: `${board.name}.${epoch}.${alert.alert}`,
      body: bodyOf(endpoint.kind, alertEvent(board.name, alert)),
    }));
    deliveries.offer(endpoint.id, { epoch, seq }, messages);
  };

  const hear = (board: BoardHandle, group: readonly Applied[]): void => {
    const names = new Set<string>();
    for (const { changes } of group) {
      for (const { type, name } of changes) if (type === "alert.changed") names.add(name);
    }
    if (names.size === 0) return;
    const alerts = [...names].flatMap((name) => board.state.alerts.get(name) ?? []);
    for (const endpoint of endpoints.all()) {
      if (endpoint.board === board.name && endpoint.disabled === undefined) offer(board, endpoint, alerts);
    }
  };

  const listen = (board: BoardHandle): void => {
    if (listening.has(board.name)) return;
    listening.set(
      board.name,
      board.onApplied((group) => hear(board, group)),
    );
  };

  for (const endpoint of endpoints.all()) {
    if (endpoint.disabled !== undefined) continue;
    let board: BoardHandle | undefined;
    try {
      board = await engine.board(endpoint.board);
    } catch (error) {
      // Its alerts wait on the board; all others go on.
      log.warn({ err: error, board: endpoint.board }, "the board of a webhook cannot be opened");
      unheard.add(endpoint.board);
    }
    if (board === undefined) continue;
    deliveries.open(endpoint.id, endpoint.since);
    offer(board, endpoint, board.state.alerts.values());
    listen(board);
  }

  return {
    of: (board) => endpoints.all().filter((endpoint) => endpoint.board === board),
    async add(board, { url, kind, events, secret }, by) {
      checked(url, policy);
      const endpoint: Endpoint = {
        id: randomUUID(),
        board: board.name,
        url,
        kind,
        secret: secret ?? newSecret(),
        events,
        createdAt: Date.now(),
        createdBy: by,
        since: board.position,
      };
      await endpoints.add(endpoint);
      deliveries.open(endpoint.id, endpoint.since);
      listen(board);
      // What was raised while it was written to the disk.
      offer(board, endpoint, board.state.alerts.values());
      return endpoint;
    },
    async remove(board, id) {
      if (endpoints.get(id)?.board !== board) return false;
      const removed = await endpoints.remove(id);
      deliveries.drop(id);
      return removed;
    },
    async forget(board) {
      listening.get(board)?.();
      listening.delete(board);
      for (const { id } of endpoints.all().filter((endpoint) => endpoint.board === board)) {
        await endpoints.remove(id);
        deliveries.drop(id);
      }
    },
    test: (endpoint) =>
      post(
        endpoint,
        { id: `test.${randomUUID()}`, body: bodyOf(endpoint.kind, testEvent(endpoint.board, Date.now())) },
        // Somebody waits, with a patience of its own.
        { timeoutMs: TEST_TIMEOUT_MS },
      ),
    deliveries,
    warnings: () => ({
      ...Object.fromEntries(Array.from(unheard, (board) => [`webhooks:${board}`, "the board could not be opened"])),
      ...deliveries.warnings(),
    }),
    async close() {
      for (const end of listening.values()) end();
      await deliveries.close();
    },
  };
}

/** The record that raised an alert: its name begins with it, whatever changed the alert later. */
const raisedIn = ({ alert }: Alert): number => Number(/^a(\d+)\./.exec(alert)?.[1] ?? 0);

function checked(url: string, policy: OutboundPolicy): void {
  try {
    parseOutboundUrl(url, policy);
  } catch (error) {
    if (!(error instanceof OutboundError)) throw error;
    const hint =
      error.code === "private_address" ? ". Start the server with --webhook-allow-private if that is meant" : "";
    throw new Refusal("bad_request", { errors: [{ at: "url", message: `${error.message}${hint}` }] });
  }
}
