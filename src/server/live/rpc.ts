// Owns reading one message of a client, and the texts of answers (JSON-RPC 2.0; docs/protocol.md, W-CONN-3, W-CMD-4).
// Does not own what a request does. Parameters stay text, so that a command's values keep their bytes (rule 19).

import { type Code, type JsonText, membersOf } from "../../protocol/index.ts";
import { problemOf, type RefusalFacts } from "../problem.ts";

export interface Message {
  /** JSON text of the id; undefined for a notification. */
  readonly id: string | undefined;
  readonly method: string;
  /** JSON text of the parameters; `{}` where there are none. */
  readonly params: string;
}

/** Characters of an id (W-CONN-3), each of which may be escaped. */
const MAX_ID_CHARS = 64;

/** Undefined for what is no JSON-RPC 2.0 request or notification. */
export function readMessage(text: string): Message | undefined {
  let members: ReadonlyMap<string, JsonText> | undefined;
  try {
    JSON.parse(text);
    members = membersOf(text);
  } catch {
    return undefined;
  }
  if (members === undefined || members.get("jsonrpc") !== '"2.0"') return undefined;
  const id: string | undefined = members.get("id");
  const method = members.get("method");
  const params = members.get("params") ?? "{}";
  if (method === undefined || !method.startsWith('"') || !params.startsWith("{")) return undefined;
  if (id !== undefined && !isId(id)) return undefined;
  return { id, method: JSON.parse(method) as string, params };
}

/** A number, or a text; no answer could be told from another by anything else. */
function isId(text: string): boolean {
  if (!text.startsWith('"')) return text.length <= MAX_ID_CHARS && /^[\d-]/.test(text);
  return Array.from(JSON.parse(text) as string).length <= MAX_ID_CHARS;
}

export const resultText = (id: string, result: string): string => `{"jsonrpc":"2.0","id":${id},"result":${result}}`;

const RPC_CODES: { readonly [C in Code]?: number } = { unknown_method: -32_601, bad_request: -32_602 };
const REFUSED = -32_000;

export function errorText(id: string, code: Code, told: RefusalFacts): string {
  const data = problemOf(code, told);
  const error = { code: RPC_CODES[code] ?? REFUSED, message: data.title, data };
  return `{"jsonrpc":"2.0","id":${id},"error":${JSON.stringify(error)}}`;
}
