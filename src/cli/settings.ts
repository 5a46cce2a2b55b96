// Owns where a setting comes from: flags before SWARMBOARD_* before the config file before defaults.
// Does not own which settings there are: each command declares its options. Invariant: a wrong value is never ignored.

import { readFileSync } from "node:fs";
import { type Command, InvalidArgumentError, Option } from "commander";
import { CliError, EXIT } from "./exit-codes.ts";

/** An option that can also be set by SWARMBOARD_<NAME> and by a member of the config file. */
export function setting(flags: string, description: string): Option {
  const option = new Option(flags, description);
  return option.env(`SWARMBOARD_${option.name().replaceAll("-", "_").toUpperCase()}`);
}

export const configSetting = (): Option =>
  setting("--config <file>", 'JSON file with settings by their long names, such as {"port": 8001}');

/** Fill in from the config file what neither a flag nor the environment says. `known` are the names of all commands' settings. */
export function applyConfig(command: Command, known: ReadonlySet<string>): void {
  const path: unknown = command.getOptionValue("config");
  if (typeof path !== "string") return;
  for (const [name, value] of Object.entries(readConfig(path))) {
    if (!known.has(name))
      throw new CliError(
        EXIT.usage,
        `${path}: there is no setting ${JSON.stringify(name)}. See swarmboard serve --help.`,
      );
    const option = command.options.find((one) => one.name() === name);
    if (option === undefined) continue;
    const attribute = option.attributeName();
    const source = command.getOptionValueSource(attribute);
    if (source === "cli" || source === "env") continue;
    command.setOptionValueWithSource(attribute, parsed(option, value, path), "config");
  }
}

function readConfig(path: string): object {
  let config: unknown;
  try {
    config = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new CliError(
      EXIT.usage,
      `cannot read the config file ${path}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  if (typeof config !== "object" || config === null || Array.isArray(config)) {
    throw new CliError(EXIT.usage, `${path}: the config file must hold a JSON object.`);
  }
  return config;
}

/** The value as the flag's own parser understands it; a list stands for a repeated flag. */
function parsed(option: Option, value: unknown, path: string): unknown {
  const fail = (why: string): never => {
    throw new CliError(EXIT.usage, `${path}: ${option.name()}: ${why}`);
  };
  if (option.isBoolean()) return typeof value === "boolean" ? value : fail("must be true or false.");
  const words = Array.isArray(value) ? value : [value];
  if (words.length > 1 && !isRepeatable(option)) return fail("takes one value.");
  let result: unknown;
  for (const word of words) {
    if (typeof word !== "string" && typeof word !== "number") return fail("must be a text or a number.");
    try {
      result = option.parseArg === undefined ? String(word) : option.parseArg(String(word), result);
    } catch (error) {
      if (error instanceof InvalidArgumentError) return fail(error.message);
      throw error;
    }
    if (option.argChoices !== undefined && !option.argChoices.includes(String(word)))
      return fail(`must be one of ${option.argChoices.join(", ")}.`);
  }
  return result;
}

/** Repeatable options say so in their description's first flag form: `<[board=]dir...>` is commander's own way, ours keeps one value a flag. */
const isRepeatable = (option: Option): boolean => option.description.startsWith("(repeatable)");

const ORIGIN: Readonly<Record<string, string>> = { cli: "flag", env: "environment", config: "config file" };

export interface EffectiveSetting {
  readonly name: string;
  readonly value: unknown;
  /** Where it comes from; undefined for the default. */
  readonly from: string | undefined;
}

/** All settings of a command that have a value, in the order of its help. */
export function effectiveSettings(command: Command): EffectiveSetting[] {
  const settings: EffectiveSetting[] = [];
  for (const option of command.options) {
    if (option.name() === "json" || option.name() === "help") continue;
    const value = shownOf(command.getOptionValue(option.attributeName()));
    if (value === undefined) continue;
    settings.push({
      name: option.name(),
      value,
      from: ORIGIN[command.getOptionValueSource(option.attributeName()) ?? ""],
    });
  }
  return settings;
}

/** What is said by board, as it is written on the command line. */
function shownOf(value: unknown): unknown {
  if (!(value instanceof Map)) return value;
  return Array.from(value, ([board, said]) => (board === "" ? String(said) : `${String(board)}=${String(said)}`));
}
