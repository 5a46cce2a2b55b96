// Owns `webhook list|add|remove|test|dead|retry`. Does not own sending: the server does.

import { type Command, Option } from "commander";
import { addTargetSettings, createBoardApi, type TargetFlags } from "../board-api.ts";
import { CliError, EXIT } from "../exit-codes.ts";
import { plain, print, table } from "../print.ts";

interface Message {
  readonly id: string;
  readonly createdAt: number;
  readonly tries: number;
  readonly reason?: string;
}

interface Webhook {
  readonly webhook: string;
  readonly url: string;
  readonly kind: string;
  readonly events: readonly string[];
  readonly disabled?: string;
  readonly waiting: readonly Message[];
  readonly dead: readonly Message[];
}

interface AddFlags extends TargetFlags {
  readonly kind: string;
  readonly secret?: string;
  readonly only?: string;
}

const path = (id: string, rest = ""): string => `webhooks/${encodeURIComponent(id)}${rest}`;

export function addWebhookCommands(program: Command): void {
  const webhook = program
    .command("webhook")
    .summary("send alerts of budgets to other programs, Slack or Discord")
    .description(
      "Endpoints that alerts of a board are sent to: signed (Standard Webhooks), at least once, for about a day.",
    )
    .addHelpText(
      "after",
      `
Examples:
  $ swarmboard webhook add https://alerts.example/hook
  $ swarmboard webhook add https://hooks.slack.com/services/T0/B0/x --kind slack
  $ swarmboard webhook test 0c4f1f6e-…
  $ swarmboard webhook dead 0c4f1f6e-…`,
    );

  addTargetSettings(webhook.command("list", { isDefault: true }))
    .description("List the webhooks of the board.")
    .action(async (flags: TargetFlags) => {
      const { text, webhooks } = await listOf(flags);
      if (flags.json === true) return print(text);
      const rows = webhooks.map((one) => [
        one.webhook,
        one.kind,
        plain(one.url),
        one.disabled === undefined ? `${one.waiting.length} waiting, ${one.dead.length} given up` : "off: it is gone",
      ]);
      print(rows.length === 0 ? "There are no webhooks." : table(["ID", "KIND", "ADDRESS", "STATE"], rows));
    });

  addTargetSettings(webhook.command("add"))
    .description("Send alerts that are raised from now on to an address. Prints the secret, this once.")
    .argument("<url>")
    .addOption(
      new Option("--kind <kind>", "what is at the address")
        .choices(["standard", "slack", "discord"])
        .default("standard"),
    )
    .option("--secret <whsec>", "sign with this secret (whsec_ and base64) instead of a new one")
    .addOption(new Option("--only <event>", "only these alerts").choices(["threshold", "projected"]))
    .action(async (url: string, flags: AddFlags) => {
      const { kind, secret, only } = flags;
      const body = JSON.stringify({ url, kind, secret, ...(only === undefined ? {} : { events: [only] }) });
      const { text } = await createBoardApi(flags).call({ method: "POST", path: "webhooks", body });
      if (flags.json === true) return print(text);
      const added = JSON.parse(text) as Webhook & { readonly secret: string };
      print(
        `added ${added.webhook}\nsecret ${added.secret}\nIt is not shown again. Try: swarmboard webhook test ${added.webhook}`,
      );
    });

  addTargetSettings(webhook.command("remove"))
    .description("Send nothing more to a webhook, and drop what waits for it.")
    .argument("<id>")
    .action(async (id: string, flags: TargetFlags) => {
      const { text } = await createBoardApi(flags).call({ method: "DELETE", path: path(id) });
      print(flags.json === true ? text : `removed ${plain(id)}`);
    });

  addTargetSettings(webhook.command("test"))
    .description("Send one message now, and tell how that went. Exit code 1 where it did not arrive.")
    .argument("<id>")
    .action(async (id: string, flags: TargetFlags) => {
      const { text } = await createBoardApi(flags).call({ method: "POST", path: path(id, "/test"), body: "{}" });
      const tried = JSON.parse(text) as { readonly ok: boolean; readonly reason?: string };
      if (!tried.ok) throw new CliError(EXIT.refused, `it did not arrive: ${plain(tried.reason ?? "")}`);
      print(flags.json === true ? text : "it arrived");
    });

  addTargetSettings(webhook.command("dead"))
    .description("List the messages to a webhook that were given up.")
    .argument("<id>")
    .action(async (id: string, flags: TargetFlags) => {
      const { webhooks } = await listOf(flags);
      const found = webhooks.find((one) => one.webhook === id);
      if (found === undefined) throw new CliError(EXIT.refused, `there is no webhook ${plain(id)} on this board`);
      if (flags.json === true) return print(JSON.stringify(found.dead));
      const rows = found.dead.map(({ id: name, createdAt, tries, reason }) => [
        plain(name),
        new Date(createdAt).toISOString(),
        String(tries),
        plain(reason ?? ""),
      ]);
      print(rows.length === 0 ? "None was given up." : table(["MESSAGE", "CREATED", "TRIES", "REASON"], rows));
    });

  addTargetSettings(webhook.command("retry"))
    .description("Send a message again that was given up.")
    .argument("<id>")
    .argument("<message>")
    .action(async (id: string, message: string, flags: TargetFlags) => {
      const dead = path(id, `/dead/${encodeURIComponent(message)}/retry`);
      const { text } = await createBoardApi(flags).call({ method: "POST", path: dead, body: "{}" });
      print(flags.json === true ? text : "it waits to be sent");
    });
}

async function listOf(flags: TargetFlags): Promise<{ readonly text: string; readonly webhooks: readonly Webhook[] }> {
  const { text } = await createBoardApi(flags).call({ path: "webhooks" });
  return { text, webhooks: (JSON.parse(text) as { readonly webhooks: readonly Webhook[] }).webhooks };
}
