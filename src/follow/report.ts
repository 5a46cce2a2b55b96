// Owns the words in which a workspace's state is reported. Deterministic, so that an unchanged state is not sent again.

import type { CommandOf } from "../protocol/index.ts";
import type { FileState } from "./file-state.ts";
import type { WorkspaceFacts } from "./import/workspace-facts.ts";
import type { Layout } from "./layout.ts";

export interface ReportInput {
  readonly dir: string;
  readonly layout: Layout;
  readonly files: readonly FileState[];
  readonly facts: WorkspaceFacts;
  readonly refused: readonly string[];
  readonly watchProblem: string | undefined;
}

interface Report {
  readonly state: CommandOf<"source.report">["state"];
  readonly paused: boolean;
  readonly detail: string;
}

export function reportOf(input: ReportInput): Report {
  const { layout, files, facts, refused } = input;
  const sentences: string[] = [];
  if (facts.project !== undefined) sentences.push(`Project ${facts.project}.`);
  const views = files.filter((file) => file.wasThere).map((file) => file.view());
  const broken = views.filter((view) => view.state === "error" || view.state === "stale");
  for (const view of broken) sentences.push(`${view.file}: ${view.problem ?? view.state}.`);
  for (const file of files) {
    if (file.view().state === "ok")
      for (const problem of file.problems) sentences.push(`${file.followed.file}: ${problem}.`);
  }
  const last = refused.at(-1);
  if (last !== undefined) sentences.push(`Not imported, last of ${refused.length}: ${last}.`);
  if (input.watchProblem !== undefined) sentences.push(`Polling only (${input.watchProblem}).`);
  let state: Report["state"] = "ok";
  if (!layout.exists) {
    state = "missing";
    sentences.unshift(`${input.dir} does not exist.`);
  } else if (broken.some((view) => view.state === "error")) state = "error";
  else if (broken.length > 0) state = "stale";
  else if (views.length === 0) {
    state = "missing";
    sentences.unshift(`No swarm files found in ${input.dir}.`);
  }
  return { state, paused: facts.paused, detail: sentences.join(" ").slice(0, 4000).toWellFormed() };
}
