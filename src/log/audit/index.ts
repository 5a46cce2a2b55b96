// Owns the public face of the audit: evidence from a data directory or an export, the verdict, and single proofs.

export { boardsIn, evidenceOfBoard } from "./data-dir.ts";
export type { Evidence, Report } from "./evidence.ts";
export { evidenceOfExport, exportBoard } from "./export.ts";
export { verifyProof } from "./proof.ts";
export { verify, type Outside, type Replay } from "./verify.ts";
export { parseCheckpoint, parseCheckpoints } from "../checkpoint.ts";
export { decodeRecord } from "../record-line.ts";
export { parseVerifier } from "../signed-note.ts";
