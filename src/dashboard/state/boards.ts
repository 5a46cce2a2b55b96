// Owns which boards there are and which one the page shows (`?board=` in its address).
// Does not own the board's data. Unknown answers mean "no switcher", never an error on the screen.

const USUAL_BOARD = "default";

/** The board that the address names, or the server's usual one. */
export function boardInAddress(): string {
  return new URLSearchParams(location.search).get("board") ?? USUAL_BOARD;
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
