// Owns docs/errors.md, which is written from the registry of codes: `npm run docs` writes it, every other run compares.

import { describe, expect, it } from "vitest";
import { type CodeInfo, CODES } from "../src/protocol/index.ts";

const RETRY: Readonly<Record<CodeInfo["retry"], string>> = {
  same: "yes, at once, with the same id",
  later: "yes, after a pause",
  no: "no, change something first",
};

function page(): string {
  const rows = Object.entries<CodeInfo>(CODES).map(([code, { meaning, httpStatus, retry, whatToDo }]) =>
    `| \`${code}\` | ${httpStatus} | ${meaning} | ${RETRY[retry]} | ${whatToDo} |`.replaceAll("<", "&lt;"),
  );
  return `# Codes

Every refusal carries one of these codes: over HTTP in a problem document (RFC 9457, member \`code\`), on the command line in
brackets after "refused". Programs read the code; the sentences may change. "The same id" is the \`Idempotency-Key\` of the
first attempt: whatever became of that one, sending it again does nothing twice (law L9).

| Code | HTTP | What it means | Try again? | What to do |
|---|---|---|---|---|
${rows.join("\n")}

This page is written from \`src/protocol/codes.ts\` by \`npm run docs\`, and a test holds the two equal.
`;
}

describe("docs/errors.md", () => {
  it("lists every code, with its meaning, its status, whether to retry and what to do", async () => {
    await expect(page()).toMatchFileSnapshot("../docs/errors.md");
  });
});
