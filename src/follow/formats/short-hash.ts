// Owns the short names of texts: what a mark remembers of an item, and what stands for a secret.

import { createHash } from "node:crypto";

/** The first 64 bits of a text's SHA-256, as 16 hex digits. */
export const shortHash = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 16);

/** What stands where a secret stood: enough to see that two are the same, too little to use. */
export const secretStandIn = (secret: string): string =>
  `sha256:${createHash("sha256").update(secret).digest("hex").slice(0, 12)}`;
