// Owns what counts as a secret, and putting a short hash in its place. Works on JSON text, so that every other
// byte (big numbers, odd spellings) stays as its writer chose (rule 19).

import { elementsOf, membersOf } from "../../protocol/index.ts";
import type { JsonText } from "../../protocol/index.ts";
import { secretStandIn } from "./short-hash.ts";

/** Endings of a member's name, without case, `_` and `-`, whose value is a secret. `tokens` and `max_tokens` are counts. */
const SECRET_NAME =
  /(?:token|secret|password|passwd|signature|authorization|apikey|privatekey|signingkey|cookie|credentials?)$/;
const SECRET_NAMES = new Set(["sig", "hmac", "auth", "bearer"]);

/** Texts that are secrets wherever they stand. Each alternative is linear to match. */
const SECRET_TEXT = new RegExp(
  [
    String.raw`grant_[0-9a-fA-F]{8,}(?:\.[A-Za-z0-9_-]+)?`,
    String.raw`\b(?:sk|pk|rk)[-_][A-Za-z0-9_-]{16,}`,
    String.raw`\bgh[pousr]_[A-Za-z0-9]{16,}`,
    String.raw`\bgithub_pat_[A-Za-z0-9_]{16,}`,
    String.raw`\bglpat-[A-Za-z0-9_-]{16,}`,
    String.raw`\bxox[abeprs]-[A-Za-z0-9-]{10,}`,
    String.raw`\b(?:AKIA|ASIA)[0-9A-Z]{16}`,
    String.raw`\bAIza[0-9A-Za-z_-]{30,}`,
    String.raw`\bBearer\s+[A-Za-z0-9._~+/=-]{8,}`,
    String.raw`\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]+)?`,
    String.raw`-----BEGIN [A-Z ]*PRIVATE KEY-----[A-Za-z0-9+/=\s]*`,
  ].join("|"),
  "gi",
);

function isSecretName(name: string): boolean {
  const plain = name.toLowerCase().replaceAll(/[_\-\s]/g, "");
  return SECRET_NAMES.has(plain) || SECRET_NAME.test(plain);
}

/** The text with every secret in it replaced. */
export const redactText = (text: string): string => text.replaceAll(SECRET_TEXT, (secret) => secretStandIn(secret));

/** The JSON with every secret in it replaced, in names, values and whatever a secret name holds. */
export function redactJson(text: JsonText): JsonText {
  const first = text[0];
  if (first === '"') {
    const plain = JSON.parse(text) as string;
    const redacted = redactText(plain);
    return redacted === plain ? text : (JSON.stringify(redacted) as JsonText);
  }
  if (first === "{") {
    const members: string[] = [];
    for (const [name, value] of membersOf(text) ?? []) {
      members.push(`${JSON.stringify(redactText(name))}:${redactMember(name, value)}`);
    }
    return `{${members.join(",")}}` as JsonText;
  }
  if (first === "[") return `[${(elementsOf(text) ?? []).map(redactJson).join(",")}]` as JsonText;
  return text;
}

function redactMember(name: string, value: JsonText): JsonText {
  if (!isSecretName(name)) return redactJson(value);
  // Nothing, a flag or an empty text gives nothing away, and says something.
  if (value === "null" || value === "true" || value === "false" || value === '""') return value;
  const secret = value.startsWith('"') ? (JSON.parse(value) as string) : value;
  return JSON.stringify(secretStandIn(secret)) as JsonText;
}
