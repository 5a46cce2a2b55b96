// Owns playing scenarios for scripts/simulate.mjs: one that is shown line by line, or many in a process of their own, whose seeds
// come in as messages and whose verdicts go out. Does not own which seeds, or what is printed.

import { playScenario } from "./scenario.ts";

export { playScenario };

process.on("message", (seed: number) => {
  void playScenario(seed).then((verdict) => process.send?.(verdict));
});
