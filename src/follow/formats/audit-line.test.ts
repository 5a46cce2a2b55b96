// Owns the proof that each audit shape says what happened, and that secrets are gone from it.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonText } from "../../protocol/index.ts";
import { parseAuditLine } from "./audit-line.ts";
import { parseBudgets } from "./budgets.ts";
import { redactJson } from "../../protocol/secrets.ts";

const noteOf = (line: unknown) => parseAuditLine(JSON.stringify(line))?.note;

describe("audit shapes", () => {
  it("A: the action, with details in snake_case or camelCase", () => {
    expect(
      noteOf({
        timestamp: "2026-11-22T20:27:30Z",
        action: "permission_granted",
        details: { token: "grant_455ee788004747de", agent_id: "a", resource_type: "EMAIL", tokens: 5 },
      }),
    ).toEqual({
      type: "audit.note",
      event: "permission_granted",
      agent: "a",
      resource: "EMAIL",
      granted: true,
      at: Date.parse("2026-11-22T20:27:30Z"),
      details: expect.stringMatching(/"token":"\[redacted:secret\]".*"tokens":5/),
    });
    expect(
      noteOf({ action: "permission_denied", details: { agentId: "b", resourceType: "X", reason: "no" } }),
    ).toMatchObject({
      agent: "b",
      resource: "X",
      granted: false,
      reason: "no",
    });
    const revoked = noteOf({
      action: "permission_revoked",
      details: { original_grant: { agent_id: "c", resource_type: "Y" } },
    });
    expect(revoked).toMatchObject({ agent: "c", resource: "Y" });
    expect(revoked).not.toHaveProperty("granted");
  });

  it("B: the event type and its outcome; the event id names it", () => {
    const line = {
      eventId: "e1",
      eventType: "SECURITY_VIOLATION",
      agentId: "a",
      action: "write",
      outcome: "denied",
      details: {},
      signature: "abc",
    };
    expect(parseAuditLine(JSON.stringify(line))).toMatchObject({
      eventId: "e1",
      note: { event: "SECURITY_VIOLATION", agent: "a", granted: false },
    });
    expect(noteOf({ ...line, outcome: "success" })).toMatchObject({ granted: true });
  });

  it("C: the flag, or the older decision and permission type", () => {
    expect(
      noteOf({ event: "permission_denied", granted: false, agent_id: "a", resource_type: "DB", reason: "low" }),
    ).toMatchObject({
      event: "permission_denied",
      granted: false,
      resource: "DB",
      reason: "low",
    });
    expect(
      noteOf({ event: "permission_check", decision: "approved", agent_id: "a", permission_type: "DB" }),
    ).toMatchObject({
      granted: true,
      resource: "DB",
    });
  });

  it("an unknown object is a note too; anything else is none", () => {
    expect(noteOf({ hello: 1 })).toMatchObject({ event: "unknown", details: '{"hello":1}' });
    for (const line of ["", "no json", "[]", '"x"', "1", '{"a":']) expect(parseAuditLine(line)).toBeUndefined();
  });
});

describe("secrets", () => {
  const secret = "hunter2hunter2hunter2";

  it("whatever a secret name holds is gone, at any depth and in any spelling", () => {
    const name = fc.constantFrom(
      "token", "grantToken", "grant_token", "_sig", "signature", "secret", "Password", "AUTHORIZATION", "api_key", "apiKey",
      "access-token", "client_secret",
    ); // prettier-ignore
    const holder = fc.constantFrom<(value: unknown) => unknown>(
      (value) => value,
      (value) => [value],
      (value) => ({ x: value }),
    );
    fc.assert(
      fc.property(name, holder, holder, (name, inner, outer) => {
        const redacted = redactJson(JSON.stringify(outer({ [name]: inner(secret), kept: "kept" })) as JsonText);
        expect(redacted).not.toContain(secret);
        expect(redacted).toContain('"kept":"kept"');
      }),
    );
  });

  it("texts that look like keys are gone wherever they stand", () => {
    for (const key of [
      "grant_94e836d387144dbcbfd5a5d6f6f3501b.Zibg6ynjsx5NkS_Xerkb72",
      "sk-proj-abcdefghijklmnop1234",
      "ghp_abcdefghijklmnopqrst1234",
      "AKIAABCDEFGHIJKLMNOP",
      "Bearer abcdefgh.ijklmnop",
    ]) {
      const note = noteOf({ event: "x", reason: `because ${key} was used`, [key]: [key] });
      expect(JSON.stringify(note)).not.toContain(key);
      expect(note?.reason).toMatch(/^because (?:Bearer )?\[redacted:[a-z-]+\] was used$/);
    }
  });

  it("everything else keeps its bytes (rule 19)", () => {
    const text =
      '{"n":12345678901234567890,"f":1.0,"max_tokens":5,"u":"\\u0041","a":[1e2,null,true],"token":null}' as JsonText;
    expect(redactJson(text)).toBe(text);
  });
});

describe("budget shapes", () => {
  it("the seed page's {tasks}, a flat map, and a task that is called tasks", () => {
    const seed = parseBudgets('{"tasks":{"a":{"tokens_used":5,"budget_limit":10,"status":"active"}}}');
    expect(seed).toMatchObject({ ok: true, items: [{ name: "a", commands: [{ usedTokens: 5, limitTokens: 10 }] }] });
    const flat = parseBudgets('{"tasks":{"max_tokens":10,"used_tokens":1},"b":{"max_tokens":2}}');
    expect(flat.ok && flat.items.map((item) => item.name)).toEqual(["tasks", "b"]);
  });

  it("exhausted is said only where the figures do not show it", () => {
    const parsed = parseBudgets(
      '{"a":{"max_tokens":5,"used_tokens":0,"status":"exhausted"},"b":{"max_tokens":5,"used_tokens":6,"status":"EXHAUSTED"}}',
    );
    if (!parsed.ok) throw new Error(parsed.reason);
    expect(parsed.items.map((item) => item.commands[0])).toEqual([
      { type: "budget.mirror", task: "a", limitTokens: 5, usedTokens: 0, exhausted: true },
      { type: "budget.mirror", task: "b", limitTokens: 5, usedTokens: 6 },
    ]);
  });

  it("an empty or cut-off file is never an empty set of budgets", () => {
    for (const text of ["", "{", '{"a":{"max_tokens":5}', "null", "[]"]) expect(parseBudgets(text).ok).toBe(false);
    expect(parseBudgets("{}")).toMatchObject({ ok: true, items: [] });
  });
});
