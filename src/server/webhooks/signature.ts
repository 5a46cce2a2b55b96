// Owns the signature of a message: Standard Webhooks 1.0.0 (github.com/standard-webhooks/standard-webhooks), HMAC-SHA256.
// Does not own secrets' places (endpoints.ts).

import { createHmac, randomBytes } from "node:crypto";

const PREFIX = "whsec_";
/** Bytes of a secret, by the standard. */
const LEAST_BYTES = 24;
const MOST_BYTES = 64;

export const newSecret = (): string => PREFIX + randomBytes(32).toString("base64");

/** Whether a text is `whsec_` and base64 of 24 to 64 bytes. */
export function isSecret(text: string): boolean {
  if (!text.startsWith(PREFIX)) return false;
  const body = text.slice(PREFIX.length);
  const bytes = Buffer.from(body, "base64");
  return bytes.length >= LEAST_BYTES && bytes.length <= MOST_BYTES && bytes.toString("base64") === body;
}

/** The headers of one attempt. `id` names the message over all attempts, so that a receiver can drop what it has. */
export function signedHeaders(secret: string, id: string, atMs: number, body: string): Record<string, string> {
  const timestamp = String(Math.floor(atMs / 1000));
  const key = Buffer.from(secret.slice(PREFIX.length), "base64");
  const signature = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": `v1,${signature}` };
}
