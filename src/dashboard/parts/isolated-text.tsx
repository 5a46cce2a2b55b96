// Owns the direction of a text that agents wrote: it reads from left to right as a whole, like the board around it.
// Does not own making it printable. Each part is isolated, so that right-to-left words and codes do not change places.

import { textParts } from "../text/printable.ts";

/** `text` is printable already. A text without codes is a single text node. */
export function IsolatedText({ text, className }: { readonly text: string; readonly className?: string | undefined }) {
  const parts = textParts(text);
  return (
    <bdi className={className} dir="ltr">
      {parts.length < 2 && !parts[0]?.isCode
        ? text
        : parts.map(({ at, isCode, text: piece }) => (
            <bdi key={at} className={isCode ? "code-mark" : undefined} dir="ltr">
              {piece}
            </bdi>
          ))}
    </bdi>
  );
}
