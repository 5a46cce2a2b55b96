// Owns the commands on claims: a lease on a name, with a fencing number that only ever grows.

import { z } from "zod";
import { amount, name, ttlMs } from "./parts.ts";

/** Take the claim if nobody holds it. The holder is the record's actor. */
export const claimAcquireSchema = z.object({ type: z.literal("claim.acquire"), claim: name, ttlMs });
export const claimRenewSchema = z.object({ type: z.literal("claim.renew"), claim: name, fence: amount, ttlMs });
export const claimReleaseSchema = z.object({ type: z.literal("claim.release"), claim: name, fence: amount });
