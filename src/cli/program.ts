// Owns the command line as a whole: its commands, its help, and how a failure becomes a message and an exit code.
// Does not own what a command does.

import { Command, CommanderError } from "commander";
import { PRODUCT_VERSION } from "../protocol/index.ts";
import { addAuditCommands } from "./commands/audit.ts";
import { addBudgetCommands } from "./commands/budget.ts";
import { addWebhookCommands } from "./commands/webhook.ts";
import { addDemoCommand } from "./commands/demo.ts";
import { addEntryCommands } from "./commands/entries.ts";
import { addHistoryCommand } from "./commands/history.ts";
import { addServeCommand } from "./commands/serve.ts";
import { addWatchCommand } from "./commands/watch.ts";
import { CliError, EXIT, type ExitCode } from "./exit-codes.ts";
import { printError } from "./print.ts";
import { applyConfig } from "./settings.ts";

const LEARN = `
First steps:
  $ swarmboard demo                          watch a swarm work at http://127.0.0.1:8000/blackboard
  $ swarmboard --follow ./my-swarm           show the workspace of a swarm that you have
  $ swarmboard put task:1 '{"status": "open"}'
  $ swarmboard watch                         print changes as they come
  $ swarmboard serve --help                  all settings of the server

put, get, delete, watch, history, budget and audit talk to a running server: the one that --url or SWARMBOARD_URL
names, http://127.0.0.1:8000 by default.

Settings come from flags, before SWARMBOARD_* variables (SWARMBOARD_PORT=8001), before the JSON file
that --config names ({"port": 8001, "follow": ["team=./my-swarm"]}), before the defaults.

Exit codes: 0 done, 1 refused by the server or it could not start, 2 wrong usage, 3 cannot reach a server.`;

function createProgram(): Command {
  const program = new Command("swarmboard")
    .description("The live board that agent swarms run on: durable shared state, budgets and an audit log.")
    .version(PRODUCT_VERSION, "-v, --version", "print the version")
    .helpOption("-h, --help", "print this help; also after any command")
    .showSuggestionAfterError()
    .addHelpText("after", LEARN)
    .exitOverride()
    .configureOutput({ outputError: () => undefined });
  addServeCommand(program);
  addDemoCommand(program);
  addEntryCommands(program);
  addWatchCommand(program);
  addBudgetCommands(program);
  addWebhookCommands(program);
  addAuditCommands(program);
  addHistoryCommand(program);
  const known = new Set<string>();
  const settle = (command: Command): void => {
    for (const option of command.options) known.add(option.name());
    for (const child of command.commands) {
      child.exitOverride().configureOutput({ outputError: () => undefined });
      settle(child);
    }
  };
  settle(program);
  program.hook("preAction", (_, command) => applyConfig(command, known));
  return program;
}

/** Run a command line. Never rejects: what fails is printed and becomes the exit code. */
export async function run(words: readonly string[]): Promise<ExitCode> {
  const program = createProgram();
  try {
    const [first] = words[0] === "help" ? words.slice(1) : words;
    if (
      first !== undefined &&
      !first.startsWith("-") &&
      first !== "help" &&
      !program.commands.some((one) => one.name() === first)
    ) {
      throw new CliError(EXIT.usage, `there is no command ${JSON.stringify(first)}. See swarmboard --help.`);
    }
    await program.parseAsync(words, { from: "user" });
    return EXIT.ok;
  } catch (error) {
    return failed(error, words.includes("--json"));
  }
}

function failed(error: unknown, asJson: boolean): ExitCode {
  const { exitCode, message, problem } = told(error);
  if (exitCode === EXIT.ok) return exitCode;
  if (asJson) printError(JSON.stringify({ error: message, exitCode, ...(problem === undefined ? {} : { problem }) }));
  else printError(`swarmboard: ${message}`);
  return exitCode;
}

function told(error: unknown): {
  readonly exitCode: ExitCode;
  readonly message: string;
  readonly problem?: object | undefined;
} {
  if (error instanceof CliError) return error;
  if (error instanceof CommanderError) {
    // Help and version end the parse as well; they are no failure.
    if (error.exitCode === 0) return { exitCode: EXIT.ok, message: "" };
    return { exitCode: EXIT.usage, message: error.message.replace(/^error: /, "") };
  }
  return { exitCode: EXIT.refused, message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}
