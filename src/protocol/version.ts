// Owns the version numbers that a record, a data directory and a client are checked against.
// Does not own what changes with them: rules live in board/, the file layout in log/.

/** Version of the package, as printed by `--version`. Kept equal to package.json by a test. */
export const PRODUCT_VERSION = "0.1.0";

/** Layout of an envelope and its line on disk. A reader refuses a number that it does not know. */
export const RECORD_FORMAT = 1;

/** Newest set of rules that `apply` knows (`rules.changed` selects one; see docs/architecture.md, rule 1). */
export const RULES_VERSION = 2;
