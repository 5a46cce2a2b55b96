// Owns which boards there are and which one the page shows (`?board=` in its address).
// Does not own the board's data. Unknown answers mean "no switcher", never an error on the screen.

const USUAL_BOARD = "default";

/** The board that the address names; undefined means the server's usual one. */
export function boardInAddress(): string | undefined {
  return new URLSearchParams(location.search).get("board") ?? undefined;
}

export interface Addresses {
  readonly socketUrl: string;
  readonly viewUrl: string;
}

/** Where the data of a board comes from. */
export function addressesOf(board: string | undefined): Addresses {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  const query = board === undefined ? "" : `&board=${encodeURIComponent(board)}`;
  return {
    socketUrl: `${scheme}//${location.host}/ws/blackboard?view=full${query}`,
    viewUrl: `/api/v1/boards/${encodeURIComponent(board ?? USUAL_BOARD)}/view`,
  };
}

function nameOf(item: unknown): string | undefined {
  if (typeof item === "string") return item;
  const name = (item as { name?: unknown; board?: unknown } | null)?.name;
  return typeof name === "string" ? name : undefined;
}

/** Names of all boards, or none when they cannot be had now. */
export async function listBoards(signal: AbortSignal): Promise<readonly string[]> {
  try {
    const response = await fetch("/api/v1/boards", { signal });
    if (!response.ok) return [];
    const body: unknown = await response.json();
    const list = Array.isArray(body) ? body : (body as { boards?: unknown } | null)?.boards;
    return Array.isArray(list) ? list.map(nameOf).filter((name) => name !== undefined) : [];
  } catch {
    return [];
  }
}
