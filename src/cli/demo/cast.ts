// Owns who is in the demo's swarm and what they work on. Only words; what they do is in work.ts.

export interface Member {
  readonly name: string;
  readonly role: string;
  /** 0 to 1: how much the overseer trusts it. */
  readonly trust: number;
  /** The stream of work whose budget it spends. */
  readonly stream: Stream;
  readonly resources: readonly [string, ...string[]];
}

export type Stream = "research" | "ingest" | "modelling" | "writing" | "review" | "delivery";

/** Streams with the limit of one sprint's budget, in tokens, and how much is spent when the curtain rises. */
export const STREAMS: readonly {
  readonly stream: Stream;
  readonly limitTokens: number;
  readonly spentShare: number;
}[] = [
  { stream: "research", limitTokens: 60_000, spentShare: 0.62 },
  { stream: "ingest", limitTokens: 40_000, spentShare: 0.84 },
  { stream: "modelling", limitTokens: 80_000, spentShare: 0.37 },
  { stream: "writing", limitTokens: 50_000, spentShare: 0.92 },
  { stream: "review", limitTokens: 30_000, spentShare: 0.18 },
  { stream: "delivery", limitTokens: 25_000, spentShare: 1.01 },
];

export const MEMBERS: readonly [Member, ...Member[]] = [
  { name: "atlas", role: "planner", trust: 0.95, stream: "review", resources: ["calendar", "issue-tracker"] },
  { name: "scout", role: "researcher", trust: 0.82, stream: "research", resources: ["web-search", "paper-archive"] },
  { name: "magpie", role: "researcher", trust: 0.74, stream: "research", resources: ["web-search", "news-feed"] },
  { name: "ferry", role: "data engineer", trust: 0.88, stream: "ingest", resources: ["warehouse", "object-store"] },
  {
    name: "sluice",
    role: "data engineer",
    trust: 0.66,
    stream: "ingest",
    resources: ["warehouse", "customer-records"],
  },
  { name: "kepler", role: "analyst", trust: 0.91, stream: "modelling", resources: ["gpu-queue", "warehouse"] },
  { name: "noether", role: "analyst", trust: 0.86, stream: "modelling", resources: ["gpu-queue", "feature-store"] },
  { name: "quill", role: "writer", trust: 0.79, stream: "writing", resources: ["style-guide", "shared-drive"] },
  { name: "verse", role: "writer", trust: 0.58, stream: "writing", resources: ["shared-drive", "customer-records"] },
  { name: "prism", role: "reviewer", trust: 0.93, stream: "review", resources: ["issue-tracker", "shared-drive"] },
  {
    name: "harbor",
    role: "release manager",
    trust: 0.84,
    stream: "delivery",
    resources: ["production", "mail-gateway"],
  },
  { name: "ember", role: "apprentice", trust: 0.31, stream: "delivery", resources: ["production", "payments"] },
];

export const OVERSEER = "overseer";
/** The apprentice: its spending is paused from the start, so that a pause is there to be looked at and resumed. */
export const PAUSED_AGENT = "ember";

export const GOAL = {
  title: "Quarterly energy-demand outlook",
  due: "Friday 17:00",
  audience: "grid operators",
  deliverables: ["forecast", "report", "dashboard"],
};

/** One task of each name at a time, so that the board's size is bounded however long the demo runs. */
export const TASKS: readonly [string, ...string[]] = [
  "Collect load curves for the northern grid",
  "Compare three weather ensembles",
  "Clean the smart-meter extract",
  "Backfill missing hours in March",
  "Fit the baseline demand model",
  "Try a gradient-boosted alternative",
  "Calibrate the peak-hour quantiles",
  "Draft the executive summary",
  "Explain the heat-pump effect",
  "Check citations and units",
  "Review the forecast's error bars",
  "Render the regional charts",
  "Summarise regulator feedback",
  "Price the interconnector scenarios",
  "Translate the summary for partners",
  "Verify the holiday calendar",
  "Reconcile totals with the operator",
  "Prepare the release notes",
  "Publish the preview dashboard",
  "Answer reviewer questions",
  "Stress-test the cold-snap scenario",
  "Index last year's reports",
  "Deduplicate sensor identifiers",
  "Archive the raw extracts",
];

export const STEPS: Readonly<Record<Stream, readonly [string, ...string[]]>> = {
  research: ["reading sources", "weighing evidence", "noting contradictions", "summarising findings"],
  ingest: ["pulling a batch", "checking the schema", "removing duplicates", "writing partitions"],
  modelling: ["preparing features", "training", "cross-validating", "comparing with the baseline"],
  writing: ["outlining", "drafting", "tightening", "checking tone"],
  review: ["reading the draft", "checking figures", "leaving comments", "signing off"],
  delivery: ["building the preview", "running checks", "staging", "announcing"],
};

export const NOTES: readonly [string, ...string[]] = [
  "demand peaks 40 minutes later than last year",
  "two meters report in UTC, the rest in local time",
  "wind share explains most of the residual",
  "the March gap is a firmware update, not an outage",
  "quantile coverage is 91.3 %, target 90 %",
  "the operator rounds to 0.1 GW before publishing",
];

/** Why the overseer denies what a trusted agent asks for. */
export const DENIALS: readonly [string, ...string[]] = [
  "another job has priority",
  "the maintenance window is open",
  "ask again after the review",
  "the same data is on the board already",
];
