// Owns showing a text that an agent wrote: as text, isolated from its surroundings, with hidden characters visible.
// Does not own its length. Every name, key, reason and value on the page goes through here or through JsonTree.

import { printable } from "../text/printable.ts";
import { IsolatedText } from "./isolated-text.tsx";

export function AgentText({ text, className }: { readonly text: string; readonly className?: string }) {
  return <IsolatedText className={className} text={printable(text)} />;
}
