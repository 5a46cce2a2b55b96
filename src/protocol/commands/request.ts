// Owns the commands on requests: a permission or a proposed change that waits for a person.

import { z } from "zod";
import { name, prose, text, ttlMs, wallTime } from "./parts.ts";

export const requestOpenSchema = z.object({
  type: z.literal("request.open"),
  request: name,
  kind: z.enum(["permission", "change"]),
  /** The resource asked for, or the key to be changed. */
  subject: name,
  /** Who asks; by default the actor. */
  agent: name.optional(),
  reason: prose.optional(),
  /** Undecided for so long, it expires. */
  ttlMs: ttlMs.optional(),
  details: text.optional(),
  at: wallTime.optional(),
});

export const requestDecideSchema = z.object({
  type: z.literal("request.decide"),
  request: name,
  decision: z.enum(["granted", "denied"]),
  reason: prose.optional(),
  /** A grant's end, in wall time, for display. */
  grantedUntil: wallTime.optional(),
});

/** Withdraw a request, or end a grant. */
export const requestCloseSchema = z.object({
  type: z.literal("request.close"),
  request: name,
  reason: prose.optional(),
});
