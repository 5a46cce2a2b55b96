import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonText } from "./json-text.ts";
import { isSecretName, redactAddress, redactJson, redactText } from "./secrets.ts";
import { secretOf } from "./secrets.fake.ts";

const redactedAll = (text: string) => redactText(text).replaceAll(/\[redacted:[a-z-]+\]/g, "*");

describe("what counts as a secret", () => {
  it.each([
    ["call with Bearer abcdef123456 now", "call with Bearer * now"],
    ["key sk-proj-abcdefghijklmnop1234.", "key *."],
    ["ghp_abcdefghijklmnopqrst1234", "*"],
    ["github_pat_11ABCDEFG0abcdefghij_x", "*"],
    ["AKIAABCDEFGHIJKLMNOP", "*"],
    ["xoxb-1234567890-abcdef", "*"],
    ["jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl end", "jwt * end"],
    ["a token-eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "a token-*"],
    ["postgres://me:hunter2@db.example/x", "postgres://me:*@db.example/x"],
    ["password=hunter2&x=1", "password=*&x=1"],
    ["password=hunt(er)2[x] y", "password=* y"],
    ['"password": "correct horse (battery)", "a": 1', '"password": "*", "a": 1'],
    ['{"api_key": "abc123"}', '{"api_key": "*"}'],
    ['"{\\"password\\":\\"abc123\\"}"', '"{\\"password\\":\\"*\\"}"'],
    ["Authorization: Basic dXNlcjpwYXNz", "Authorization: Basic *"],
    ["MY_APP_SECRET: s3cr3t!", "MY_APP_SECRET: *"],
    ["-----BEGIN RSA PRIVATE KEY-----\nMIIEow==\n-----END RSA PRIVATE KEY----- after", "* after"],
    ["-----BEGIN PRIVATE KEY-----\\nMIIEow", "*"],
  ])("%s", (text, wanted) => {
    expect(redactedAll(text)).toBe(wanted);
  });

  it.each([
    "the task-1234567890123456789 is done",
    "risk_assessment_of_the_quarter",
    "max_tokens: 500",
    "tokens=12",
    "http://example.com:8080/a@b",
    "a monkey: 12",
    "eyJ.",
    "basic understanding",
    "secretary: Ann",
    "ghp_short",
  ])("%s is none", (text) => {
    expect(redactText(text)).toBe(text);
  });

  it("names of members say so whatever their case and spelling", () => {
    for (const name of [
      "password",
      "apiKey",
      "API_KEY",
      "x-auth-token",
      "Authorization",
      "client_secret",
      "accessToken",
    ])
      expect([name, isSecretName(name)]).toStrictEqual([name, true]);
    for (const name of ["tokens", "max_tokens", "tokenCount", "author", "keys", "secretary"])
      expect([name, isSecretName(name)]).toStrictEqual([name, false]);
  });
});

const filler = fc.string({
  unit: fc.constantFrom("a", "Z", "9", " ", ".", ",", "\n", '"', "\\", "é", "😀", "/", "=", "-"),
  maxLength: 20,
});
/** What may stand directly beside a secret without making another word of it. */
const edge = fc.constantFrom(" ", "", "\n", '"', "'", "(", ",", "=", "é");

describe("redaction", () => {
  it("no generated secret survives in any text, and doing it again changes nothing", () => {
    fc.assert(
      fc.property(secretOf(fc), filler, edge, edge, filler, ({ text, secret }, before, left, right, after) => {
        // A word before or behind it would be part of it.
        const whole = `${before} ${left}${text}${right === "" ? " " : right}${after}`;
        const redacted = redactText(whole);
        expect(redacted).not.toContain(secret);
        expect(redactText(redacted)).toBe(redacted);
      }),
      { numRuns: 2000 },
    );
  });

  it("rule 19: JSON keeps every byte that is no secret, and stays JSON", () => {
    const plain =
      '{"n":12345678901234567890,"f":1.0,"u":"\\u0041\\/","a":[1e2,null],"token":null,"max_tokens":7}' as JsonText;
    expect(redactJson(plain)).toBe(plain);
    const mixed =
      `{"n":1.50,"deep":[{"pass\\u0077ord":{"a":["x"]},"k":1e2}],"text":"with sk-abcdefghijklmnop1234","z":"\\u0041"}` as JsonText;
    expect(redactJson(mixed)).toBe(
      `{"n":1.50,"deep":[{"pass\\u0077ord":"[redacted:secret]","k":1e2}],"text":"with [redacted:api-key]","z":"\\u0041"}`,
    );
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const text = JSON.stringify(value) as JsonText;
        const redacted = redactJson(text);
        JSON.parse(redacted);
        expect(redactJson(redacted)).toBe(redacted);
      }),
    );
  });

  it("addresses of requests lose secrets in their path and query, percent-encoded or not", () => {
    expect(redactAddress("/api/v1/boards/b/entries/a%2Fb?limit=1&q=%22x%22")).toBe(
      "/api/v1/boards/b/entries/a%2Fb?limit=1&q=%22x%22",
    );
    for (const address of [
      "/entries/sk-abcdefghijklmnop1234",
      "/x?token=hunter2hunter2",
      "/x?api%5Fkey=hunter2hunter2",
      "/x?q=Bearer%20hunter2hunter2",
      "/x?q=Bearer+hunter2hunter2",
      "/x?url=https%3A%2F%2Fme%3Ahunter2hunter2%40host",
      "/x?filter=%7B%22password%22%3A%22hunter2hunter2%22%7D",
      "/x?%E0%A4%A=password=hunter2hunter2",
    ]) {
      expect(redactAddress(address)).toMatch(/^(?!.*hunter2)(?!.*sk-abc).*\[redacted:/);
    }
  });

  it("law L6: takes time in proportion to the text, whatever it is made of", () => {
    const parts = [
      "eyJ",
      "eyJaaaaaaaaaaaa.",
      "-----BEGIN ",
      "-----BEGIN RSA PRIVATE KEY-----",
      "Bearer ",
      "password",
      "password =",
      "://",
      "://a:",
      "sk-",
      "a_",
      "api_",
      "\\",
      '"',
      " ",
      "=",
      "%20",
      "secret:\\\\",
      "x-",
      "authorization: basic ",
      "[redacted:",
    ];
    // Time is not measured: work is, by what a slow pattern would do. At 4 MB, anything quadratic takes minutes.
    for (const part of parts) {
      const text = part.repeat(Math.ceil(4_000_000 / part.length));
      expect(typeof redactText(text)).toBe("string");
      expect(typeof redactJson(JSON.stringify(text.slice(0, 1_000_000)) as JsonText)).toBe("string");
    }
  }, 60_000);
});
