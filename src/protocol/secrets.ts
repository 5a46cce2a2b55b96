// Owns what counts as a secret, and putting `[redacted:<kind>]` in its place. Works on JSON text, so that every other byte
// (big numbers, odd spellings) stays as its writer chose (rule 19). Does not own where it is applied (server/redaction, follow/).
// Invariants: linear time; what was redacted is not changed by redacting it again; text without secrets comes back as it is.
// Not part of the public face: only servers and followers redact.

import type { JsonText } from "./json-text.ts";

/** Endings of a member's name, without case, `_`, `-` and spaces, whose value is a secret. `tokens` and `max_tokens` are counts. */
const SECRET_NAME =
  /(?:token|secret|password|passwd|passphrase|signature|authorization|apikey|accesskey|privatekey|signingkey|cookie|credentials?)$/;
const SECRET_NAMES = new Set(["sig", "hmac", "auth", "bearer", "pwd"]);

/** Longest name that is looked at: a longer one is a text. */
const NAME_CHARS = 128;

export function isSecretName(name: string): boolean {
  const plain = name
    .slice(-NAME_CHARS)
    .toLowerCase()
    .replaceAll(/[_\-\s]/g, "");
  return SECRET_NAMES.has(plain) || SECRET_NAME.test(plain);
}

/** How a secret stands in another text, by kind. `keep` is what stays before it. */
interface Pattern {
  readonly kind: string;
  readonly find: RegExp;
  /** Number of groups before the secret that stay. */
  readonly keeps?: true;
}

const SPACE = String.raw`(?:\s|%20|\+)`;

/** How the value of an Authorization header begins. */
const SCHEME = String.raw`(?:(?:basic|bearer|token|digest)${SPACE}+)`;
/** A name that says that a secret follows, with what stands between. */
const ANNOUNCED =
  String.raw`(?<![A-Za-z0-9])(?:[a-z0-9]{1,20}[_-]){0,2}(?:password|passwd|passphrase|pwd|secret|api[_-]?key|access[_-]?key|` +
  String.raw`private[_-]?key|token|authorization|client[_-]?secret)\\*["']?(?:\s*[:=]\s*|%3[ad])\\*["']?`;

/*
 * Each is linear: behind a fixed beginning stands one run of a class, whose shortest length is small, so that a failure
 * costs little; or runs that two beginnings cannot share, because each ends before the next one's first character.
 */
const PATTERNS: readonly Pattern[] = [
  { kind: "url-password", find: /(:\/\/[^\s/@:?#"']*:)[^\s/@"']+(?=@)/g, keeps: true },
  {
    kind: "bearer",
    find: new RegExp(String.raw`(\bBearer${SPACE}+)(?!\[redacted:)[A-Za-z0-9._~+/=%-]{8,}`, "gi"),
    keeps: true,
  },
  { kind: "api-key", find: /(?<![A-Za-z0-9])(?:sk|pk|rk)[-_][A-Za-z0-9_-]{16,}/g },
  { kind: "github-token", find: /(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{16,})/g },
  { kind: "gitlab-token", find: /glpat-[A-Za-z0-9_-]{16,}/g },
  { kind: "slack-token", find: /xox[abeprs]-[A-Za-z0-9-]{10,}/g },
  { kind: "aws-key", find: /(?:AKIA|ASIA)[0-9A-Z]{16}/g },
  { kind: "google-key", find: /AIza[0-9A-Za-z_-]{30,}/g },
  { kind: "grant-token", find: /grant_[0-9a-fA-F]{8,}(?:\.[A-Za-z0-9_-]+)?/g },
  {
    // `password=…`, `"api_key": "…"` in prose, in a URL's query, or in JSON that stands in a text. What is quoted ends with the quote.
    kind: "secret",
    find: new RegExp(
      String.raw`(${ANNOUNCED}(?!${SCHEME}?\[redacted:)${SCHEME}?)(?!\[redacted:)(?:(?<=["'])[^"'\\\n]+|[^\s"'\\,;&]{3,})`,
      "gi",
    ),
    keeps: true,
  },
];

const KEY_OPENS = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g;
const KEY_ENDS = "-----END ";

/** From its beginning to its end; one whose end was cut off goes as far as the text does. */
function withoutPrivateKeys(text: string): string {
  if (!text.includes("-----BEGIN ")) return text;
  let out = "";
  let copiedTo = 0;
  for (const { index } of text.matchAll(KEY_OPENS)) {
    if (index < copiedTo) continue;
    const end = text.indexOf(KEY_ENDS, index);
    const close = end < 0 ? -1 : text.indexOf("-----", end + KEY_ENDS.length);
    out += `${text.slice(copiedTo, index)}[redacted:private-key]`;
    copiedTo = close < 0 ? text.length : close + 5;
  }
  return out + text.slice(copiedTo);
}

/** A JSON Web Token begins with `{"` in base64url. */
const JWT_OPEN = "eyJ";
const RUN = /[A-Za-z0-9_.-]{20,}/g;
const JWT_PART = 8;

/** The text with every secret in it replaced. Linear in its length. */
export function redactText(text: string): string {
  if (text.length < 6) return text;
  let redacted = withoutPrivateKeys(text);
  for (const { kind, find, keeps } of PATTERNS) {
    if (keeps === true) redacted = redacted.replaceAll(find, (_whole, kept: string) => `${kept}[redacted:${kind}]`);
    else redacted = redacted.replaceAll(find, `[redacted:${kind}]`);
  }
  return redacted.includes(JWT_OPEN) ? redacted.replaceAll(RUN, withoutTokens) : redacted;
}

/**
 * Tokens of two or three parts in a run without any other character, found by hand: a pattern would begin anew at each `eyJ`.
 * What stands before the beginning in the same part (`token-eyJ…`) stays.
 */
function withoutTokens(run: string): string {
  if (!run.includes(JWT_OPEN)) return run;
  const parts = run.split(".");
  const out: string[] = [];
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] as string;
    const at = part.indexOf(JWT_OPEN);
    const next = parts[i + 1] ?? "";
    if (at < 0 || part.length - at < JWT_OPEN.length + JWT_PART || next.length < JWT_PART) out.push(part);
    else {
      out.push(`${part.slice(0, at)}[redacted:jwt]`);
      // The payload and, where there is one, the signature.
      i += parts[i + 2] === undefined ? 1 : 2;
    }
  }
  return out.join(".");
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** The JSON with every secret in it replaced, in names, values and whatever a secret name holds. One pass over the text. */
export function redactJson(text: JsonText): JsonText {
  let out = "";
  let copiedTo = 0;
  const put = (from: number, to: number, instead: string): void => {
    out += text.slice(copiedTo, from) + JSON.stringify(instead);
    copiedTo = to;
  };
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at)) {
    const end = stringEnd(text, at);
    const plain = JSON.parse(text.slice(at, end)) as string;
    const clean = redactText(plain);
    if (clean !== plain) put(at, end, clean);
    at = end;
    if (text[end] !== ":" || !isSecretName(plain)) continue;
    at = valueEnd(text, end + 1);
    if (tells(text.slice(end + 1, Math.min(at, end + 8)))) put(end + 1, at, "[redacted:secret]");
  }
  return copiedTo === 0 ? text : ((out + text.slice(copiedTo)) as JsonText);
}

/** Nothing, a flag or an empty value gives nothing away, and says something. */
const tells = (value: string): boolean => !["null", "true", "false", '""', "[]", "{}"].includes(value);

/** Behind the closing quote of the string that opens at `at`. */
function stringEnd(text: string, at: number): number {
  for (let i = at + 1; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === BACKSLASH) i++;
    else if (unit === QUOTE) return i + 1;
  }
  return text.length;
}

/** Behind the value that begins at `at`. The text has no white space between tokens (toJsonText). */
function valueEnd(text: string, at: number): number {
  let depth = 0;
  for (let i = at; i < text.length; i++) {
    const char = text[i];
    if (char === '"') i = stringEnd(text, i) - 1;
    else if (char === "{" || char === "[") depth++;
    else if (char === "}" || char === "]") {
      if (depth === 0) return i;
      depth--;
    } else if (char === "," && depth === 0) return i;
  }
  return text.length;
}

/**
 * A request's address for the log: secrets in its path and query replaced, also where they are percent-encoded.
 * What is cut or odd is still looked at as text.
 */
export function redactAddress(address: string): string {
  const [path = "", ...rest] = address.split("?");
  const query = rest.join("?");
  const clean = path.split("/").map(redactEncoded).join("/");
  if (rest.length === 0) return redactText(clean);
  const members = query.split("&").map((member) => {
    const [name = "", ...value] = member.split("=");
    if (value.length === 0) return redactEncoded(member);
    return `${redactEncoded(name)}=${isSecretName(decoded(name)) ? "[redacted:secret]" : redactEncoded(value.join("="))}`;
  });
  return redactText(`${clean}?${members.join("&")}`);
}

function redactEncoded(text: string): string {
  const plain = decoded(text);
  const clean = redactText(plain);
  return clean === plain ? text : encodeURIComponent(clean).replaceAll(/%5B(redacted)%3A([a-z-]+)%5D/g, "[$1:$2]");
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}
