// Owns made-up secrets of every kind, for tests: as they stand in a text, and the part of them that must never be kept.

import type fc from "fast-check";

export interface MadeSecret {
  /** As it stands in a text, with what announces it. */
  readonly text: string;
  /** What must not survive. */
  readonly secret: string;
}

/** Takes the library, so that nothing but tests loads it. */
export function secretOf(check: typeof fc): fc.Arbitrary<MadeSecret> {
  const chars = (alphabet: string, min: number, max: number) =>
    check
      .array(check.constantFrom(...alphabet.split("")), { minLength: min, maxLength: max })
      .map((units) => units.join(""));
  const upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  const word = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  const made = (prefix: string, of: fc.Arbitrary<string>) =>
    of.map((rest) => ({ text: prefix + rest, secret: prefix + rest }));
  const announced = (before: string, of: fc.Arbitrary<string>, after = "") =>
    of.map((secret) => ({ text: before + secret + after, secret }));
  const long = chars(word, 20, 60);
  return check.oneof(
    check.constantFrom("sk-", "sk-proj-", "pk_live_", "rk-").chain((prefix) => made(prefix, long)),
    check.constantFrom("ghp_", "gho_", "github_pat_", "glpat-").chain((prefix) => made(prefix, long)),
    check.constantFrom("AKIA", "ASIA").chain((prefix) => made(prefix, chars(upper, 16, 16))),
    made("xoxb-", chars("0123456789-abcdef", 12, 40)),
    made("AIza", chars(word, 35, 35)),
    announced("Bearer ", long),
    announced("authorization: bearer ", long),
    announced("Authorization: Basic ", chars(word, 12, 40)),
    announced("https://agent:", chars(word, 12, 30), "@host.example/path"),
    check
      .constantFrom("password=", "api_key: ", '"secret":"', "token=", "client_secret = ", "DB_PASSWORD=")
      .chain((before) => announced(before, chars(word, 12, 40))),
    check
      .tuple(long, long, long)
      .map(([a, b, c]) => `eyJ${a}.eyJ${b}.${c}`)
      .map((token) => ({ text: token, secret: token })),
    chars(`${word}+/`, 64, 200).map((body) => ({
      text: `-----BEGIN PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----`,
      secret: body,
    })),
  );
}
