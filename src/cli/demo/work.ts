// Owns one working cycle of a member of the demo's swarm: claim a task, work on it step by step, hand it over or finish it.
// Does not own time or chance: both are passed in. Everything written has a bounded set of names or a TTL.

import type { BoardWriter } from "./board-writer.ts";
import { DENIALS, type Member, NOTES, OVERSEER, STEPS, TASKS } from "./cast.ts";
import type { Chance } from "./chance.ts";
import type { SprintBudgets } from "./sprint-budgets.ts";

export interface Stage {
  readonly writer: BoardWriter;
  /** The person who decides on requests. */
  readonly overseer: BoardWriter;
  readonly budgets: SprintBudgets;
  readonly chance: Chance;
  readonly now: () => number;
  /** Wait; resolves early, with false, when the demo ends. */
  readonly pause: (ms: number) => Promise<boolean>;
}

/** A finished task is cleared away after this time. */
const DONE_TTL_MS = 60_000;
/** An unfinished one too, if its owner is never heard of again. */
const OPEN_TTL_MS = 180_000;
const HEARTBEAT_TTL_MS = 15_000;

export async function heartbeat(stage: Stage, me: Member, state: string): Promise<void> {
  const value = { state, load: stage.chance.int(5, 97) / 100, queue: stage.chance.int(0, 4) };
  await stage.writer.send({ type: "entry.put", key: `heartbeat:${me.name}`, value, ttlMs: HEARTBEAT_TTL_MS });
}

/** One cycle. Returns when the task is done, lost or handed over. */
export async function workOnce(stage: Stage, me: Member): Promise<void> {
  const { writer, budgets, chance, now, pause } = stage;
  const index = chance.int(0, TASKS.length - 1);
  const task = `T-${101 + index}`;
  const key = `task:${task}`;
  const title = TASKS[index] ?? task;
  const claim = await writer.send({ type: "claim.acquire", claim: task, ttlMs: 45_000 });
  // Somebody else is at it: the fence keeps two from working on one task.
  if (claim === undefined) {
    await pause(400);
    return;
  }
  const steps = STEPS[me.stream];
  await writer.send({ type: "agent.report", agent: me.name, seenAt: now(), state: "working", task });
  await writer.send({ type: "task.report", task, status: "in_progress", details: { title, owner: me.name } });
  let outcome = "done";
  for (const [at, step] of steps.entries()) {
    await writer.send({
      type: "entry.put",
      key,
      value: {
        title,
        owner: me.name,
        status: "in_progress",
        step,
        progress: Math.round((at / steps.length) * 100),
        fence: claim.fence,
      },
      ttlMs: OPEN_TTL_MS,
    });
    await heartbeat(stage, me, step);
    const call = { stream: me.stream, agent: me.name, operation: step, tokens: chance.int(300, 800) };
    const hold = await budgets.reserve(writer, call);
    if (!(await pause(chance.int(900, 2600)))) return;
    // Now and then nobody comes back for a hold: its time frees it. Now and then a call costs more than was held.
    if (hold !== undefined && !chance.happens(0.06)) {
      await budgets.settle(writer, hold, call, Math.round((call.tokens * chance.int(40, 105)) / 100));
    }
    if (chance.happens(0.12) && !(await askPermission(stage, me, task))) {
      outcome = "blocked";
      break;
    }
    if (chance.happens(0.2)) await writeFinding(stage, me, task);
  }
  if (outcome === "done" && chance.happens(0.15)) outcome = await handOver(stage, me, task, title);
  await writer.send({
    type: "entry.put",
    key,
    value: {
      title,
      owner: me.name,
      status: outcome,
      progress: outcome === "done" ? 100 : 60,
      finishedAt: new Date(now()).toISOString(),
    },
    ttlMs: DONE_TTL_MS,
  });
  await writer.send({ type: "task.report", task, status: outcome === "done" ? "completed" : outcome });
  await writer.send({ type: "claim.release", claim: task, fence: claim.fence });
  await writer.send({ type: "agent.report", agent: me.name, seenAt: now(), state: "idle", task: null });
  await pause(chance.int(300, 1800));
}

async function writeFinding({ writer, chance }: Stage, me: Member, task: string): Promise<void> {
  const value = { note: chance.pick(NOTES), confidence: chance.int(55, 98) / 100, task, tags: [me.stream, me.role] };
  // Eight places per agent: a new finding takes the place of an old one.
  await writer.send({
    type: "entry.put",
    key: `finding:${me.name}:${chance.int(1, 8)}`,
    value,
    ttlMs: 10 * DONE_TTL_MS,
  });
}

/** Ask, wait for the overseer's decision, and go by it. */
async function askPermission(stage: Stage, me: Member, task: string): Promise<boolean> {
  const { writer, overseer, chance, now, pause } = stage;
  const subject = chance.pick(me.resources);
  const request = `${me.name}:${subject}`;
  const reason = `needed for ${task}`;
  const opened = await writer.send(
    { type: "request.open", request, kind: "permission", subject, agent: me.name, reason, ttlMs: 60_000 },
    { type: "audit.note", event: "permission_request", agent: me.name, resource: subject, reason },
    { type: "agent.report", agent: me.name, seenAt: now(), state: "waiting", task },
  );
  if (opened === undefined) return true;
  if (!(await pause(chance.int(1200, 4000)))) return false;
  const granted = chance.happens(me.trust);
  const why = granted
    ? `trust ${me.trust} suffices for ${subject}`
    : me.trust < 0.7
      ? `trust ${me.trust} is too low for ${subject}`
      : chance.pick(DENIALS);
  await overseer.send(
    {
      type: "request.decide",
      request,
      decision: granted ? "granted" : "denied",
      reason: why,
      ...(granted ? { grantedUntil: now() + 300_000 } : {}),
    },
    {
      type: "audit.note",
      event: granted ? "permission_granted" : "permission_denied",
      agent: me.name,
      resource: subject,
      granted,
      reason: why,
    },
  );
  return granted;
}

async function handOver({ writer, chance }: Stage, me: Member, task: string, title: string): Promise<string> {
  const to = chance.pick(["prism", "atlas", "harbor"]);
  const allowed = chance.happens(0.85);
  await writer.send({
    type: "audit.note",
    event: allowed ? "handoff_allowed" : "handoff_blocked",
    agent: me.name,
    resource: `handoff:${to}`,
    granted: allowed,
    reason: allowed ? `${task} goes to ${to} for a second look` : `${to} has too much to do`,
  });
  if (!allowed) return "done";
  await writer.send({
    type: "entry.put",
    key: `handoff:${task}`,
    value: { from: me.name, to, title, note: chance.pick(NOTES) },
    ttlMs: DONE_TTL_MS,
  });
  return "handed over";
}

/** What is there when the curtain rises, in one batch. */
export function openingScene(
  stage: Stage,
  members: readonly Member[],
): { readonly type: string; readonly [member: string]: unknown }[] {
  const now = stage.now();
  return [
    ...members.map((me) => ({
      type: "agent.report",
      agent: me.name,
      seenAt: now,
      state: "idle",
      trust: me.trust,
      namespaces: ["task", "finding", "handoff"],
      resources: me.resources,
    })),
    ...members.map((me) => ({
      type: "entry.put",
      key: `profile:${me.name}`,
      value: { role: me.role, stream: me.stream, trust: me.trust },
    })),
    { type: "audit.note", event: "init", agent: OVERSEER, reason: "the swarm starts" },
    {
      type: "audit.note",
      event: "permission_denied",
      agent: "ember",
      resource: "payments",
      granted: false,
      reason: "trust 0.31 is too low for payments",
    },
    {
      type: "audit.note",
      event: "permission_granted",
      agent: "ferry",
      resource: "warehouse",
      granted: true,
      reason: "trust 0.88 suffices for warehouse",
    },
  ];
}
