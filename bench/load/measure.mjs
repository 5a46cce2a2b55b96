// Owns how subjects are measured beside each other: all are up at once and take turns in short bursts, so that what the
// machine does to one it does to all. Figures are medians over the rounds; ratios are medians of the rounds' ratios.

import { median } from "../figures.mjs";
import { cpuSeconds } from "./line-process.mjs";
import { quiet, SAMPLE, startClients, startSubject } from "./subjects.mjs";

const IDLE_SECONDS = 2;

/** Start those subjects that there are, each with its sockets, warm, and with the CPU known that they use when idle. */
export async function startField({ names, sockets, more = [], note }) {
  const field = [];
  for (const name of names) {
    const server = await startSubject(name, note);
    if (server === undefined) continue;
    const clients = await startClients(server, sockets, more);
    // Code gets compiled.
    await server.ask(`broadcast 200 ${Math.ceil(15_000 / sockets)} 1`);
    await quiet(clients);
    field.push({ name, server, clients, sockets });
  }
  await Promise.all(
    field.map(async (each) => {
      const before = await cpuSeconds(each.server.pids);
      await new Promise((resolve) => setTimeout(resolve, IDLE_SECONDS * 1000));
      each.idlePerSecond = ((await cpuSeconds(each.server.pids)) - before) / IDLE_SECONDS;
    }),
  );
  return {
    field,
    stop: async () => {
      for (const { server, clients } of field) {
        await clients.stop();
        await server.stop();
      }
    },
  };
}

/** One burst of changes to all sockets of a subject. */
export async function burst({ server, clients, sockets, idlePerSecond = 0 }, { size, perSecond, seconds }) {
  await clients.ask("reset");
  const cpuFrom = await cpuSeconds(server.pids);
  const clientFrom = await cpuSeconds([clients.pid]);
  const startedAt = performance.now();
  const told = await server.ask(`broadcast ${size} ${perSecond} ${seconds}`);
  const report = await quiet(clients);
  const elapsed = (performance.now() - startedAt) / 1000;
  const cpu = (await cpuSeconds(server.pids)) - cpuFrom - idlePerSecond * elapsed;
  const sampled = Math.ceil(sockets / SAMPLE);
  return {
    cpuUs: (cpu * 1e6) / (told.sent * sockets),
    p99Ms: report.every.p99Us / 1000,
    /** How busy the load client was; near 1 it is what is measured. */
    load: ((await cpuSeconds([clients.pid])) - clientFrom) / told.seconds,
    told,
    report,
    /** How much of what was sent was seen, by messages or, where one message holds several changes, by changes. */
    seen: Math.max(report.marks / (told.sent * sampled), Math.min(1, report.news / (told.sent * sockets))),
    /** How often one socket got a message, heartbeats aside. */
    messagesPerSecond: report.news / sockets / told.seconds,
  };
}

/**
 * Let subjects take turns.
 * @returns {Promise<Map<string, object[]>>} the results of each subject's bursts by its name
 */
export async function rounds({ field, times, load, note }) {
  const results = new Map(field.map(({ name }) => [name, []]));
  for (let round = 0; round < times; round++) {
    for (const each of field) results.get(each.name).push(await burst(each, load(each.name)));
  }
  for (const [name, each] of results) {
    const least = Math.min(...each.map((one) => one.seen));
    if (least < 0.999) note(`${name}: only ${(least * 100).toFixed(1)} % of the changes were seen on their own`);
    const lost = each.some(({ told }) => told.skipped > 0 || told.refused > 0);
    if (each.some((one) => one.load > 0.8)) note(`${name}: the load client was the limit`);
    if (lost) note(`${name}: some changes were refused or not sent`);
  }
  return results;
}

export const medianOf = (results, what) => median(results.map((one) => one[what]));

/** The median of the ratios within each round. */
export const ratioOf = (results, beside, what) =>
  median(results.map((one, n) => one[what] / Math.max(beside[n][what], Number.EPSILON)));
