// Owns what command number n is, in both the writing process and the one that checks.

export function commandOf(n) {
  const key = `key:${(n * 7919) % 97}`;
  switch (n % 6) {
    case 0:
      return { type: "budget.open", task: `task-${n % 5}`, limitTokens: 1_000_000 };
    case 1:
      return { type: "budget.charge", task: `task-${n % 5}`, tokens: 1 + (n % 3), agent: `agent-${n % 7}` };
    case 2:
      return { type: "entry.delete", key };
    case 3:
      return {
        type: "batch",
        commands: [
          { type: "entry.put", key, value: `{"n":${n}}` },
          { type: "audit.note", event: "step", agent: "a", details: `{"n":${n}}` },
        ],
      };
    default:
      return {
        type: "entry.put",
        key,
        value: JSON.stringify({ n, text: "ü".repeat(n % 200) }),
        ...(n % 9 === 0 ? { ttlMs: 5 } : {}),
      };
  }
}
