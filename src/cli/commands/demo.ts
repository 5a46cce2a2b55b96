// Owns `demo`: a server of its own (or a running one, with --url) and a believable swarm at work on it.
// Does not own the swarm (demo/swarm). Its own server keeps all in a folder that goes with it, unless --data names one: so the
// demo shows what is proven and found again on a disk, too.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Command, Option } from "commander";
import { createBoardApi } from "../board-api.ts";
import { createSwarm } from "../demo/swarm.ts";
import { parseAmount, parseBoard, parseUrl } from "../parse-values.ts";
import { print, printJson } from "../print.ts";
import { addServerSettings, type ServerFlags } from "../server-settings.ts";
import { setting } from "../settings.ts";
import { stopSignal } from "../stop-signal.ts";

interface DemoFlags extends ServerFlags {
  readonly url?: string;
  readonly board: string;
  readonly seed: number;
}

export function addDemoCommand(program: Command): void {
  const command = program
    .command("demo")
    .summary("watch a make-believe swarm at work")
    .description(
      "Start a server like serve, in a folder that is removed at the end, with a dozen agents at work on it until Ctrl-C. With --url, work on a running server.",
    )
    .addOption(setting("--url <url>", "let the swarm work on this running server instead").argParser(parseUrl))
    .addOption(setting("--board <name>", "name of the board; it must exist").default("default").argParser(parseBoard))
    .addOption(
      new Option("--seed <n>", "chance's seed: the same seed, the same swarm").default(7).argParser(parseAmount),
    );
  addServerSettings(command).action(async () => {
    const asked = command.opts<DemoFlags>();
    const isOwn = asked.url === undefined && asked.memory !== true;
    const folder =
      isOwn && command.getOptionValueSource("data") === "default"
        ? await mkdtemp(join(tmpdir(), "swarmboard-demo-"))
        : undefined;
    if (folder !== undefined) command.setOptionValueWithSource("data", folder, "implied");
    try {
      await runDemo(command);
    } finally {
      if (folder !== undefined) await rm(folder, { recursive: true, force: true });
    }
  });
}

async function runDemo(command: Command): Promise<void> {
  const flags = command.opts<DemoFlags>();
  const stop = stopSignal();
  const { startServer } = await import("../serve.ts");
  const server = flags.url === undefined ? await startServer(command, flags, stop) : undefined;
  const url = server?.url ?? flags.url ?? "";
  const swarm = createSwarm({
    apiFor: (agent) => createBoardApi({ url, board: flags.board, agent, timeout: 10_000 }),
    seed: flags.seed,
  });
  try {
    await swarm.begin();
    if (flags.json === true) printJson({ event: "demo", dashboard: `${url}/blackboard`, agents: swarm.agents });
    else print(`\na swarm of ${swarm.agents} agents is at work: open ${url}/blackboard`);
    await stop;
  } finally {
    await swarm.close();
    await server?.close();
  }
}
