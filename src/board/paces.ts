// Owns how the pace of reserves is kept: one virtual clock per budget and agent, as in the generic cell rate algorithm
// (ITU-T I.371, annex A). Does not own the rates, nor the verdict (rules-2/rates.ts).

/** All times are board clock in microseconds: when what was taken so far will have been paid off at the allowed rate. */
export interface Pace {
  /** The budget's name as JSON, followed by the agent's where the rate is per agent. */
  readonly pace: string;
  readonly seq: number;
  readonly reserves: number;
  readonly tokens: number;
}
