// Owns the names that subscriptions get by themselves: the same for the same filter, in every client, so that they share frames
// on the server (W-SUB-1). Does not own names that users give.

/** JSON with its members in order, so that filters that say the same are the same text. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_name, member: unknown) =>
    typeof member === "object" && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );

/** The streams, for people, and the whole filter as a hash (FNV-1a) and a length, for machines. A clash only costs sharing. */
export function filterName(board: string, filter: object): string {
  const text = canonical([board, filter]);
  let bits = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) bits = Math.imul(bits ^ text.charCodeAt(i), 16_777_619);
  const streams = Object.keys(filter).sort().join("-").slice(0, 40);
  return `${streams}_${(bits >>> 0).toString(36)}${text.length}`;
}
