// Owns the two health routes: alive, and ready to be used.

import { z } from "zod";
import { PRODUCT_VERSION } from "../../protocol/index.ts";
import type { App, Near } from "../near.ts";
import { problems } from "./parts.ts";

const tags = ["health"];

export function healthRoutes(app: App, near: Near): void {
  app.route({
    method: "GET",
    url: "/healthz",
    schema: {
      tags,
      summary: "Is the process alive?",
      description: "Answers as long as the event loop turns.",
      response: { 200: z.object({ status: z.literal("ok"), version: z.string() }), ...problems() },
    },
    handler: async () => ({ status: "ok" as const, version: PRODUCT_VERSION }),
  });

  const readySchema = z.object({
    ready: z.boolean(),
    reasons: z.record(z.string(), z.string()).describe("What is not ready, by part."),
    warnings: z
      .record(z.string(), z.string())
      .optional()
      .describe("What is wrong although the server is ready, such as a followed folder that is missing."),
  });
  app.route({
    method: "GET",
    url: "/readyz",
    schema: {
      tags,
      summary: "Is the server ready?",
      description:
        "Ready once boards are open, the log can be written, and followed workspaces are imported; otherwise 503 with the reasons.",
      response: { ...problems(), 200: readySchema, 503: readySchema },
    },
    async handler(_request, reply) {
      const reasons = await near.notReady();
      const warnings = near.warnings();
      const ready = Object.keys(reasons).length === 0;
      return reply
        .code(ready ? 200 : 503)
        .send({ ready, reasons, ...(Object.keys(warnings).length === 0 ? {} : { warnings }) });
    },
  });
}
