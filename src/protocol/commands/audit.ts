// Owns the command that notes an event: a permission request, grant, denial, or anything else worth keeping.

import { z } from "zod";
import { name, prose, text, wallTime } from "./parts.ts";

export const auditNoteSchema = z.object({
  type: z.literal("audit.note"),
  /** What happened, such as `permission_granted`. */
  event: name,
  /** Who it happened to or who did it; by default the actor. */
  agent: name.optional(),
  resource: name.optional(),
  granted: z.boolean().optional(),
  reason: prose.optional(),
  /** When it happened, for events that are imported. */
  at: wallTime.optional(),
  /** Everything else that the event's source said, with secrets removed. */
  details: text.optional(),
});
