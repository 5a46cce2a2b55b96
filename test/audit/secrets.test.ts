// No secret enters: whatever is said in audit notes, reasons and imported events, and whatever addresses and headers hold, nothing
// of it is in any file of the data folder or in the server's log.

import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
// Threads run what was built, and so does the server that starts them; scripts/test.mjs builds before it tests.
import { createServer } from "../../dist/server/index.js";
import { type MadeSecret, secretOf } from "../../src/protocol/secrets.fake.ts";
import { serve, stopAll } from "../cli/program.ts";
import { endClientsAfterEach, LiveClient } from "../live/client.ts";
import { ask, write } from "../server/harness.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "swarmboard-secrets-"));
});
afterEach(async () => {
  await stopAll();
  await rm(dir, { recursive: true, force: true });
});
endClientsAfterEach();

const BOARD = "/api/v1/boards/default";

/** Every place that a secret is put at. */
async function sendEverywhere(
  port: number,
  { text, secret }: MadeSecret,
  client: LiveClient,
  n: number,
): Promise<void> {
  const server = { port };
  const said = `because ${text} was used`;
  const details = {
    deep: [{ note: said, password: secret, [said]: 1, list: [said], nested: JSON.stringify({ said }) }],
    n: 12,
  };
  const note = {
    event: `e ${text}`.slice(0, 400),
    agent: `a ${text}`.slice(0, 400),
    resource: said.slice(0, 400),
    reason: said,
    details,
  };
  const sent = [
    await write(server, "POST", `${BOARD}/audit`, note),
    await write(server, "POST", `${BOARD}/budgets/t${n}`, { limitTokens: 5, description: said }),
    await write(server, "POST", `${BOARD}/budgets/t${n}/charge`, { tokens: 1, reason: said }),
    // Refused ones are records too.
    await write(server, "POST", `${BOARD}/budgets/none/charge`, { tokens: 1, reason: said }),
    await write(server, "POST", `${BOARD}/commands`, {
      type: "batch",
      commands: [
        { type: "request.open", request: `r${n}`, kind: "permission", subject: "DB", reason: said, details },
        { type: "request.decide", request: `r${n}`, decision: "denied", reason: said },
        { type: "agent.report", agent: "a", state: said },
        { type: "task.report", task: "t", status: said, details },
        { type: "entry.put", key: `k${n}`, value: details },
        { type: "entry.merge", key: `m${n}`, patch: details },
      ],
    }),
  ];
  expect(sent.map(({ status }) => status)).toStrictEqual([201, 201, 200, 404, 200]);
  const answer = await client.ask("command", { board: "default", command: { type: "audit.note", ...note } });
  expect(answer.error).toBeUndefined();
  // What only passes by: addresses and headers.
  const inAddress = encodeURIComponent(text);
  await ask(server, "GET", `${BOARD}/audit/records?q=${inAddress}`);
  await ask(server, "GET", `/nowhere/${inAddress}?token=${encodeURIComponent(secret)}`, {
    headers: { authorization: `Bearer ${encodeURIComponent(secret)}`, traceparent: inAddress.slice(0, 200) },
  });
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

describe("secrets", () => {
  it("never reach a file, wherever in a note, a reason, an import, an address or a header they stand", async () => {
    const seed = Number(process.env["SWARMBOARD_SEED"] ?? Date.now() % 1_000_000);
    const secrets = fc.sample(secretOf(fc), { seed, numRuns: 60 });
    const workspace = join(dir, "workspace");
    await mkdir(join(workspace, "data"), { recursive: true });
    const lines = secrets.map(({ text, secret }, i) =>
      JSON.stringify({
        timestamp: "2025-01-01T00:00:00Z",
        action: `permission_granted`,
        details: { agent_id: `a${i}`, justification: `for ${text}`, token: secret },
      }),
    );
    await writeFile(join(workspace, "data/audit_log.jsonl"), `${lines.join("\n")}\n`);
    const dataDir = join(dir, "data");
    const logFile = join(dir, "server.log");
    const server = await serve([
      "--port",
      "0",
      "--data",
      dataDir,
      "--log-file",
      logFile,
      "--log-level",
      "trace",
      "--redact-values",
      "--follow",
      `imported=${workspace}`,
    ]);
    const port = Number(new URL(server.url).port);
    try {
      const client = await new LiveClient({ port }).opened();
      for (const [n, secret] of secrets.entries()) await sendEverywhere(port, secret, client, n);
      // The index is a file, too.
      const found = await ask({ port }, "GET", `${BOARD}/audit/records?q=redacted&limit=500`);
      expect((found.json as { records: unknown[] }).records.length).toBeGreaterThan(100);
      const imported = await ask(
        { port },
        "GET",
        "/api/v1/boards/imported/audit/records?action=permission_granted&limit=500",
      );
      expect((imported.json as { records: unknown[] }).records).toHaveLength(secrets.length);
    } finally {
      await server.stop();
    }
    const files = await filesIn(dataDir);
    expect(files.some((file) => file.endsWith("index.db"))).toBe(true);
    expect(await readFile(logFile, "utf8")).toContain('"url"');
    for (const file of [...files, logFile]) {
      const bytes = await readFile(file, "latin1");
      for (const { secret } of secrets) {
        for (const form of new Set([secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)])) {
          if (bytes.includes(form)) throw new Error(`${file} holds ${form} (SWARMBOARD_SEED=${seed})`);
        }
      }
    }
  }, 60_000);

  it("are left in values unless the operator says otherwise: agents work with those", async () => {
    const server = await createServer({ memory: true, port: 0, logger: false });
    try {
      const value = { key: "sk-abcdefghijklmnop1234" };
      await write(server, "PUT", `${BOARD}/entries/k`, { value });
      expect((await ask(server, "GET", `${BOARD}/entries/k`)).json).toMatchObject({ value });
    } finally {
      await server.close();
    }
  });

  it("law L9: a note that is sent again with the same secret is the same note", async () => {
    const server = await createServer({ memory: true, port: 0, logger: false });
    try {
      const note = { event: "e", reason: "with sk-abcdefghijklmnop1234" };
      const send = () => write(server, "POST", `${BOARD}/audit`, note, { "idempotency-key": "n" });
      const first = await send();
      expect((await send()).json).toStrictEqual({ ...(first.json as object), duplicate: true });
    } finally {
      await server.close();
    }
  });
});
