// Owns the REST routes of webhooks: endpoints of a board, a test, and what is on its way to them or was given up.
// Does not own sending (webhooks/). A secret is told once, with the answer that made it.

import { z } from "zod";
import type { BoardHandle } from "../../engine/contract.ts";
import { redactAddress } from "../../protocol/secrets.ts";
import { OPEN_ROLE } from "../links.ts";
import { type App, boardOf, type Near, writerOf } from "../near.ts";
import { Refusal, refusalOf } from "../problem.ts";
import type { Message } from "../webhooks/deliveries.ts";
import type { Endpoint } from "../webhooks/endpoints.ts";
import { isSecret } from "../webhooks/signature.ts";
import type { Webhooks } from "../webhooks/webhooks.ts";
import { boardParams, problems, writeHeaders, writeProblems } from "./parts.ts";

const LIST = "/api/v1/boards/:board/webhooks";
const ONE = `${LIST}/:webhook`;
const tags = ["webhooks"];
/** An endpoint is not a record: a retry is another one, so no id is taken for it. */
const headers = writeHeaders.omit({ "idempotency-key": true });
const params = boardParams.extend({ webhook: z.string().describe("The webhook's id.") });

const message = z
  .object({
    id: z.string().describe("The same over all tries, as in the header `webhook-id`."),
    createdAt: z.number(),
    tries: z.number().int(),
    nextAt: z.number().optional().describe("Wall time of the next try."),
    reason: z.string().optional().describe("Why the last try failed."),
  })
  .meta({ id: "WebhookMessage" });

const shown = z
  .object({
    webhook: z.string(),
    url: z.string().describe("Without what may be secret in it."),
    kind: z.enum(["standard", "slack", "discord"]),
    events: z.array(z.enum(["threshold", "projected"])),
    createdAt: z.number(),
    createdBy: z.string(),
    disabled: z.string().optional().describe("Why nothing is sent any more: it answered 410 (Gone). Remove it."),
    waiting: z.array(message).describe("The first 100 that wait."),
    dead: z.array(message).describe("Given up, at most 200."),
    forgotten: z.number().int().describe("Given up and not kept any more."),
  })
  .meta({ id: "Webhook" });

const asked = z.strictObject({
  url: z.string().max(2048),
  kind: z.enum(["standard", "slack", "discord"]).default("standard"),
  events: z
    .array(z.enum(["threshold", "projected"]))
    .min(1)
    .default(["threshold", "projected"]),
  secret: z
    .string()
    .refine(isSecret, "must be whsec_ and base64 of 24 to 64 bytes")
    .optional()
    .describe("By default one is made."),
});

const tried = z.object({
  ok: z.boolean(),
  reason: z.string().optional().describe("Why it did not arrive, as far as is known."),
});

export function webhookRoutes(app: App, near: Near): void {
  const { webhooks } = near;

  app.route({
    method: "GET",
    url: LIST,
    schema: {
      tags,
      summary: "List webhooks",
      description: "Endpoints that the board's alerts are sent to, with what waits and what was given up.",
      params: boardParams,
      response: { 200: z.object({ webhooks: z.array(shown) }), ...problems(404) },
    },
    async handler(request) {
      const board = await boardOf(near, request.params.board);
      return { webhooks: webhooks.of(board.name).map((endpoint) => shownOf(endpoint, webhooks)) };
    },
  });

  app.route({
    method: "POST",
    url: LIST,
    schema: {
      tags,
      summary: "Add a webhook",
      description:
        "Alerts of budgets that are raised from now on are POSTed there, signed as Standard Webhooks says (Slack and Discord: as they want it), at least once, and tried again for about a day. The secret is told this once.",
      params: boardParams,
      headers,
      body: asked,
      response: { 201: shown.extend({ secret: z.string() }), ...writeProblems() },
    },
    async handler(request, reply) {
      const board = await boardOf(near, request.params.board);
      const actor = writerOf(near, request);
      const endpoint = await webhooks.add(board, request.body, actor);
      try {
        await note(board, actor, "webhook_added", endpoint);
      } catch (error) {
        // Its secret would never be told.
        await webhooks.remove(board.name, endpoint.id);
        throw error;
      }
      return reply.code(201).send({ ...shownOf(endpoint, webhooks), secret: endpoint.secret });
    },
  });

  app.route({
    method: "DELETE",
    url: ONE,
    schema: {
      tags,
      summary: "Remove a webhook",
      description: "Nothing is sent to it any more; what waits is dropped.",
      params,
      headers,
      response: { 200: z.object({ removed: z.literal(true) }), ...writeProblems() },
    },
    async handler(request) {
      const board = await boardOf(near, request.params.board);
      const endpoint = endpointOf(webhooks, board, request.params.webhook);
      await webhooks.remove(board.name, endpoint.id);
      await note(board, writerOf(near, request), "webhook_removed", endpoint);
      return { removed: true as const };
    },
  });

  app.route({
    method: "POST",
    url: `${ONE}/test`,
    schema: {
      tags,
      summary: "Test a webhook",
      description: "Send it one message now, and tell how that went. It is not tried again.",
      params,
      headers,
      response: { 200: tried, ...writeProblems() },
    },
    async handler(request) {
      const board = await boardOf(near, request.params.board);
      const outcome = await webhooks.test(endpointOf(webhooks, board, request.params.webhook));
      return outcome.ok ? { ok: true } : { ok: false, reason: outcome.reason };
    },
  });

  app.route({
    method: "POST",
    url: `${ONE}/dead/:message/retry`,
    schema: {
      tags,
      summary: "Send a message again that was given up",
      description: "It is tried as if it were new, under the same id.",
      params: params.extend({ message: z.string() }),
      headers,
      response: { 200: z.object({ waiting: z.literal(true) }), ...writeProblems() },
    },
    async handler(request) {
      const board = await boardOf(near, request.params.board);
      const endpoint = endpointOf(webhooks, board, request.params.webhook);
      if (!webhooks.deliveries.retry(endpoint.id, request.params.message)) {
        throw new Refusal("not_found", { detail: "No message of this id was given up." });
      }
      return { waiting: true as const };
    },
  });
}

function endpointOf(webhooks: Webhooks, board: BoardHandle, id: string): Endpoint {
  const endpoint = webhooks.of(board.name).find((one) => one.id === id);
  if (endpoint === undefined) throw new Refusal("no_such_webhook", { facts: { webhook: id } });
  return endpoint;
}

/** Who sends the board's alerts where is a fact for the audit. @throws Refusal with the note's code */
async function note(board: BoardHandle, actor: string, event: string, endpoint: Endpoint): Promise<void> {
  const reason = shownUrl(endpoint).slice(0, 500);
  const command = { type: "audit.note", event, resource: "webhook", reason } as const;
  const outcome = await board.submit({ actor, source: "http", role: OPEN_ROLE, command });
  if (!outcome.ok) throw refusalOf(outcome);
}

/** The path of Slack's and Discord's addresses is what lets anyone send there. */
const shownUrl = ({ url, kind }: Endpoint): string =>
  kind === "standard" ? redactAddress(url) : `${new URL(url).origin}/…`;

const messageOf = ({ id, createdAt, tries, nextAt, reason }: Message): z.infer<typeof message> => ({
  id,
  createdAt,
  tries,
  nextAt,
  ...(reason === undefined ? {} : { reason }),
});

function shownOf(endpoint: Endpoint, { deliveries }: Webhooks): z.infer<typeof shown> {
  const { id, kind, events, createdAt, createdBy, disabled } = endpoint;
  return {
    webhook: id,
    url: shownUrl(endpoint),
    kind,
    events,
    createdAt,
    createdBy,
    ...(disabled === undefined ? {} : { disabled }),
    waiting: deliveries.waiting(id).slice(0, 100).map(messageOf),
    dead: deliveries.dead(id).map(messageOf),
    forgotten: deliveries.forgotten(id),
  };
}
