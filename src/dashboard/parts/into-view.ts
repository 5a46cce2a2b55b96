// Owns bringing what was just unfolded into view.
// Does not own the folding. It scrolls once, when the element appears, and never again.

/** For `ref`: the nearest way to see as much of the element's line and details as fits, without covering sticky heads. */
export function intoView(element: HTMLElement | null): void {
  element?.parentElement?.scrollIntoView({ block: "nearest" });
}
