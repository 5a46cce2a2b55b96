// Owns the route of a board's changes without sockets: which form the caller wants, and what it asks for
// (docs/protocol.md, section 11). Does not own what is told (live/session), or how it is carried (live/event-stream, long-poll).

import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import {
  CLOSE,
  cursorOf,
  cursorTextSchema,
  DEFAULT_BEAT_MS,
  DEFAULT_RATE_MS,
  MAX_BEAT_MS,
  MAX_RATE_MS,
  MAX_WAIT_MS,
  MIN_BEAT_MS,
  nameSchema,
  pollAnswerSchema,
  type Subscribe,
  type Subscribed,
  subscribeSchema,
} from "../../protocol/index.ts";
import { createEventStream, EVENTS_TYPE, LIVE_HEADERS } from "../live/event-stream.ts";
import { readFilter } from "../live/filter-text.ts";
import { createLongPoll, type Polled } from "../live/long-poll.ts";
import type { Session } from "../live/session.ts";
import { isOwnName } from "../live/session-socket.ts";
import type { Transport } from "../live/transport.ts";
import { type App, boardOf, type Near, sendNothing, writerOf } from "../near.ts";
import { Refusal } from "../problem.ts";
import { boardParams, problems } from "./parts.ts";

const wholeMs = (min: number, max: number, by: number) => z.coerce.number().int().min(min).max(max).default(by);

const query = z.object({
  filter: z
    .string()
    .describe(
      'Which streams, and what of each, as JSON: `{"entries":{"prefix":"task:"},"budgets":true}`. With the headers it may have 16 KiB.',
    ),
  cursor: cursorTextSchema.optional().describe("Where the caller stands: the cursor of its last answer."),
  sub: subscribeSchema.shape.sub.default("stream").describe("A name for it, which every sync repeats."),
  rateMs: wholeMs(0, MAX_RATE_MS, DEFAULT_RATE_MS).describe("Least time between two syncs in ms."),
  beatMs: wholeMs(MIN_BEAT_MS, MAX_BEAT_MS, DEFAULT_BEAT_MS).describe("Event stream: time between two beats in ms."),
  wait: wholeMs(0, MAX_WAIT_MS, MAX_WAIT_MS).describe("Long poll: how long to wait for a change, in ms."),
  agent: nameSchema().optional().describe("Who asks. `X-Swarmboard-Agent` means the same."),
});

const headers = z.object({
  "x-swarmboard-agent": z.string().optional().describe("Who asks, in UTF-8. Default: anonymous."),
  "last-event-id": z
    .string()
    .optional()
    .describe("The cursor, as browsers send it. It goes before the one in the address."),
});

type Query = z.output<typeof query>;

export function streamRoutes(app: App, near: Near): void {
  app.route({
    method: "GET",
    url: "/api/v1/boards/:board/stream",
    schema: {
      tags: ["live"],
      summary: "Follow a board",
      description:
        "What changed since the cursor, as far as the filter sees it, and then whatever changes. With `Accept: text/event-stream` an event stream of `open`, `sync` and `beat`; an event's id is the cursor after it. It ends after 1 MiB or 30 s: ask again with the cursor. Otherwise one JSON answer, as soon as something changed or `wait` ms have passed. docs/protocol.md says what a sync means.",
      params: boardParams,
      querystring: query,
      headers,
      response: {
        200: {
          description: "Changes.",
          content: {
            "application/json": { schema: pollAnswerSchema },
            [EVENTS_TYPE]: { schema: z.string().describe("Events `open`, `sync`, `beat` and `drain`.") },
          },
        },
        ...problems(404),
      },
    },
    async handler(request, reply) {
      const { board } = request.params;
      const lastEventId = request.headers["last-event-id"];
      const { sub, rateMs } = request.query;
      const cursor = typeof lastEventId === "string" && lastEventId !== "" ? lastEventId : request.query.cursor;
      const asked: Subscribe = { ...readFilter(request.query.filter), sub, board, rateMs, cursor };
      const agent = agentOf(near, request, request.query.agent);
      await boardOf(near, board);
      const isStream = wantsEvents(request.headers.accept);
      // What would be told is nobody's to hear, and waiting for it would be a wait for nothing.
      if (request.method === "HEAD") {
        void reply.headers(LIVE_HEADERS).type(isStream ? EVENTS_TYPE : "application/json; charset=utf-8");
        return sendNothing(reply);
      }
      await (isStream ? stream : poll)(near, request.query, asked, agent, reply);
      return reply as never;
    },
  });
}

async function stream(near: Near, { beatMs }: Query, asked: Subscribe, agent: string, reply: FastifyReply) {
  const { hub, settings } = near;
  const transport = createEventStream({
    response: reply.raw,
    timers: hub.timers,
    timings: settings.timings,
    onFull: () => session.close(CLOSE.ended, "as long as it may be"),
  });
  const session = open(near, { agent, beatMs, transport }, reply);
  const subscribed = await session.subscribe(asked);
  reply.hijack();
  transport.begin(subscribed, beatMs);
  session.start(asked.sub);
}

async function poll(near: Near, { beatMs, wait }: Query, asked: Subscribe, agent: string, reply: FastifyReply) {
  const transport = createLongPoll({
    response: reply.raw,
    timers: near.hub.timers,
    waitMs: wait,
    onDone: () => session.close(CLOSE.ended, "answered"),
  });
  // The answer holds the beat there is to hear.
  const session = open(near, { agent, beatMs: 0, transport }, reply);
  const subscribed = await session.subscribe(asked, true);
  reply.hijack();
  transport.begin(subscribed, beatMs, polledOf(near, session, subscribed));
}

/** The session's one subscription, as a poll looks at it. */
function polledOf(near: Near, session: Session, { sub, resume }: Subscribed): Polled {
  const [only] = session.subscriptions;
  if (only === undefined) throw new Refusal("shutting_down");
  const { channel, member } = only;
  return {
    serve: () => session.start(sub),
    keepYoung: () => channel.keepYoung(member),
    isCurrent: () => channel.isCurrent(member),
    owesSnapshot: () => member.reset !== undefined,
    cursorAt: (seq) => cursorOf(resume + member.cohort.mark, seq),
    beat: () => near.hub.beatFor([channel]).params,
  };
}

interface Opened {
  readonly agent: string;
  readonly beatMs: number;
  readonly transport: Transport;
}

function open({ hub, streams }: Near, opened: Opened, reply: FastifyReply): Session {
  const { raw: response } = reply;
  const session = hub.open({ ...opened, onEnd: () => streams.delete(session) });
  streams.add(session);
  response.on("drain", () => session.drained());
  // A write that meets a connection which is gone is no fault of ours; "close" follows.
  response.on("error", () => undefined);
  response.once("close", () => session.close(CLOSE.ended, "the client left"));
  return session;
}

/** @throws Refusal `bad_request` */
function agentOf(near: Near, request: FastifyRequest, asked: string | undefined): string {
  if (asked === undefined) return writerOf(near, request);
  if (!isOwnName(asked)) return asked;
  throw new Refusal("bad_request", { errors: [{ at: "agent", message: "is one of the server's own names" }] });
}

/** An event stream only for who names it, and names it no later than JSON. */
function wantsEvents(accept: string | undefined): boolean {
  const ranges = (accept ?? "").toLowerCase().split(",");
  const weightOf = (type: string): number => {
    const [, ...parameters] = ranges.find((range) => range.split(";")[0]?.trim() === type)?.split(";") ?? [];
    if (!ranges.some((range) => range.split(";")[0]?.trim() === type)) return 0;
    const q = parameters.map((one) => one.trim()).find((one) => one.startsWith("q="));
    return q === undefined ? 1 : Number(q.slice(2)) || 0;
  };
  const events = weightOf(EVENTS_TYPE);
  return events > 0 && events >= weightOf("application/json");
}
