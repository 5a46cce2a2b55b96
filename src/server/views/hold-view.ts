// Owns how holds are shown: with their age and what is left of their time. Does not own their order or paging (routes/holds).

import { z } from "zod";
import { type Hold, wireHoldSchema } from "../../protocol/index.ts";

export const holdViewSchema = wireHoldSchema
  .extend({
    ageMs: z.number().describe("Since it was reserved, by the wall clock."),
    ttlLeftMs: z.number().optional().describe("Until it ends by itself; absent once it has ended."),
    expiresAt: z.number().optional().describe("The same as wall time in ms."),
  })
  .meta({ id: "Hold" });

export interface Moment {
  /** Wall time in ms. */
  readonly now: number;
  /** Board clock in ms. */
  readonly clock: number;
}

/** Wall time at which the board clock will show this, if both go on as they do. */
export const wallAt = (clock: number, moment: Moment): number => Math.round(moment.now + clock - moment.clock);

export function holdView(hold: Hold, moment: Moment): z.infer<typeof holdViewSchema> {
  const { expiresAtClock, spent, ...shown } = hold;
  return {
    ...shown,
    ...(spent === undefined ? {} : { spent }),
    ageMs: Math.max(0, Math.round(moment.now - hold.openedAt)),
    ...(Number.isFinite(expiresAtClock)
      ? {
          expiresAtClock,
          expiresAt: wallAt(expiresAtClock, moment),
          ttlLeftMs: Math.max(0, Math.round(expiresAtClock - moment.clock)),
        }
      : {}),
  };
}
