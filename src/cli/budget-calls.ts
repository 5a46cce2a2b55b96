// Owns what the budget commands share of their calls: addresses, and the id of a command.

export const budgetPath = (task: string, rest = ""): string => `budgets/${encodeURIComponent(task)}${rest}`;

/** With an id, a command may be sent again: nothing is done twice (law L9). */
export const idHeader = ({ id }: { readonly id?: string }): { readonly headers?: Record<string, string> } =>
  id === undefined ? {} : { headers: { "Idempotency-Key": id } };
