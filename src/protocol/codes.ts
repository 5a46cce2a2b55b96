// Owns the registry of every code that a caller can meet: meaning, HTTP status, whether to retry and what to do.
// Does not own where a code is raised. docs/errors.md is held to this list by a test.

export interface CodeInfo {
  readonly meaning: string;
  readonly httpStatus: number;
  /** `same`: retry with the same id. `later`: the same after a pause. `no`: change something first. */
  readonly retry: "same" | "later" | "no";
  readonly whatToDo: string;
}

const code = (httpStatus: number, retry: CodeInfo["retry"], meaning: string, whatToDo: string): CodeInfo => ({
  meaning,
  httpStatus,
  retry,
  whatToDo,
});

export const CODES = {
  // What the fold refuses (a record exists, and says why).
  rev_mismatch: code(
    412,
    "no",
    "The entry is at another revision than the command expects.",
    "Read it again, merge, and retry with its rev.",
  ),
  exists: code(
    412,
    "no",
    "The command expects the key to be absent, but it exists.",
    "Use its rev as the condition, or another key.",
  ),
  no_such_entry: code(
    404,
    "no",
    "There is no entry with this key.",
    "Check the key; `swarmboard get` lists what exists.",
  ),
  not_owner: code(
    409,
    "no",
    "A followed file may delete only what it imported.",
    "Nothing; another writer owns this key now.",
  ),
  no_such_budget: code(
    404,
    "no",
    "There is no budget for this task.",
    "Open it first: POST …/budgets/{task} {limitTokens}.",
  ),
  budget_exists: code(409, "no", "The task already has an open budget.", "Change its limit instead."),
  budget_closed: code(409, "no", "The budget is closed.", "Open it again to charge it."),
  over_budget: code(
    402,
    "later",
    "The budget, or one above it, has not so much left.",
    "Ask for less (`available`; GET …/cap), wait for `resetsAt`, or have the limit of `budget` raised.",
  ),
  reserve_too_large: code(
    402,
    "no",
    "The budget, or one above it, does not allow so much in one reserve.",
    "Split the work, or have the bound of `budget` raised.",
  ),
  amount_required: code(
    422,
    "no",
    "A budget on the path limits what the command does not state.",
    "State `dimension`: tokens, or nanoUsd, or a model whose price is known.",
  ),
  unknown_model: code(
    422,
    "no",
    "No price of this model is known, and a budget on the path limits money.",
    "Add its price (--prices FILE, PUT /api/v1/prices/{model}), state nanoUsd, or set unknownModel to tokensOnly.",
  ),
  usage_mismatch: code(
    422,
    "no",
    "`tokens` is not the sum of `usage`, whose kinds are disjoint.",
    "Leave `tokens` out, or state cached input and reasoning apart from `input` and `output`.",
  ),
  no_such_price: code(
    404,
    "no",
    "No price of this model is known, or none was put.",
    "See GET /api/v1/prices?q=…; PUT /api/v1/prices/{model} states one.",
  ),
  too_many_holds: code(
    429,
    "later",
    "The budget, or one above it, has as many open holds as it allows.",
    "Settle or release some, or wait until they expire.",
  ),
  rate_limited: code(
    429,
    "later",
    "Reserves come faster than the budget allows.",
    "Wait for `retryAfterMs`; the budget's rate says how many a minute.",
  ),
  paused: code(
    409,
    "later",
    "The board, the task or the agent is paused, so nothing may be reserved.",
    "Wait until it is resumed; `by` and `reason` say who paused it and why.",
  ),
  no_such_hold: code(
    404,
    "no",
    "There is no hold with this name.",
    "Charge the budget instead: POST …/budgets/{task}/charge.",
  ),
  hold_ended: code(
    409,
    "no",
    "The hold was settled, released or has expired.",
    "Reserve again; a spend can still be charged.",
  ),
  no_such_parent: code(404, "no", "There is no budget to be the parent.", "Open the parent first."),
  budget_cycle: code(409, "no", "A budget cannot be below itself.", "Choose another parent."),
  budget_too_deep: code(
    409,
    "no",
    "The tree of budgets would be deeper than 8.",
    "Choose a parent nearer to the root.",
  ),
  no_such_alert: code(404, "no", "There is no alert with this name.", "GET …/alerts lists them; old ones are dropped."),
  no_such_webhook: code(404, "no", "The board has no webhook of this id.", "GET …/webhooks lists them."),
  not_paused: code(409, "no", "The scope is not paused.", "Nothing."),
  nothing_to_reset: code(409, "no", "None of the named windows runs any more.", "Nothing."),
  number_too_large: code(
    422,
    "no",
    "The sum would leave the range of exact integers (2^53-1).",
    "Split it over several budgets.",
  ),
  claim_held: code(409, "later", "Another holder has this claim.", "Wait until it expires or is released."),
  claim_lost: code(
    409,
    "no",
    "The claim is not held with this fencing number any more.",
    "Stop the work it protected; acquire again.",
  ),
  no_such_request: code(404, "no", "There is no request with this name.", "Check the name."),
  request_exists: code(409, "no", "A request with this name is already open.", "Use another name."),
  request_decided: code(409, "no", "The request is not open any more.", "Read its decision; open a new one if needed."),
  id_conflict: code(409, "no", "This command id was used with other content.", "Use a fresh id for a new command."),
  id_too_old: code(
    409,
    "no",
    "The command id is older than the window in which retries are recognised.",
    "Check whether the command took effect; send it with a fresh id.",
  ),
  id_in_future: code(
    422,
    "no",
    "The command id claims a time that lies more than a day ahead.",
    "Set the sender's clock.",
  ),
  board_full: code(
    507,
    "no",
    "The board holds as many items of this kind as its limit allows.",
    "Delete some, or raise the limit.",
  ),
  batch_failed: code(
    409,
    "no",
    "One command of the batch was refused, so none was applied.",
    "See `index` and `cause`; mend that command.",
  ),
  nothing_to_expire: code(409, "no", "None of the named items was due any more.", "Nothing."),
  unknown_rules: code(422, "no", "These rules are not known to this version.", "Upgrade Swarmboard."),
  // What is refused before it becomes a record.
  bad_request: code(400, "no", "The request does not have the documented form.", "See `errors` and the API page."),
  bad_json: code(400, "no", "The body is not valid JSON.", "Send valid JSON."),
  bad_key: code(400, "no", "The key is empty, or not well-formed text.", "Send 1 to 512 bytes of UTF-8."),
  key_too_long: code(
    400,
    "no",
    "The name is longer than the limit in UTF-8 bytes.",
    "Shorten it, or raise --max-key-bytes.",
  ),
  value_too_large: code(413, "no", "The value is larger than the limit.", "Split it, or raise --max-value-bytes."),
  value_too_deep: code(400, "no", "The value is nested deeper than the limit.", "Flatten it."),
  lone_surrogate: code(
    400,
    "no",
    "A string holds half of a surrogate pair, which has no UTF-8 form.",
    "Send well-formed Unicode.",
  ),
  batch_too_large: code(413, "no", "The batch holds more commands than the limit.", "Split it."),
  record_too_large: code(413, "no", "The record would be larger than the log takes.", "Split the command."),
  body_too_large: code(413, "no", "The request body is larger than the limit.", "Split it."),
  unsupported_media_type: code(
    415,
    "no",
    "The address does not take this content type.",
    "Send the one that `detail` names: for most writes application/json.",
  ),
  precondition_required: code(
    428,
    "no",
    "The request lacks the condition or confirmation that it needs.",
    "Add what `detail` names.",
  ),
  bad_condition: code(
    400,
    "no",
    "The condition cannot be read.",
    'Send one of If-Match: "<rev>", If-Match: * and If-None-Match: *.',
  ),
  bad_board_name: code(400, "no", "The board's name does not meet the rule.", "Use 1 to 64 of a-z 0-9 - _."),
  no_such_board: code(
    404,
    "no",
    "There is no board with this name.",
    'See GET /api/v1/boards; POST /api/v1/boards {"name": …} makes one.',
  ),
  too_many_boards: code(
    507,
    "no",
    "The server has as many boards as its limit allows.",
    "Delete one, or raise --max-boards.",
  ),
  board_exists: code(409, "no", "A board with this name exists.", "Use it, or choose another name."),
  default_board: code(
    409,
    "no",
    "The board `default` always exists, so it cannot be deleted.",
    "Delete its entries, or the data folder while the server is stopped.",
  ),
  board_followed: code(
    409,
    "no",
    "A workspace is followed onto this board, so it cannot be deleted.",
    "Stop following first: start the server without --follow for it.",
  ),
  not_found: code(404, "no", "There is nothing at this address.", "See /api/docs."),
  method_not_allowed: code(405, "no", "The address does not take this method.", "See /api/docs."),
  forbidden_host: code(
    403,
    "no",
    "The Host header does not name this server.",
    "Open the address that the server printed at its start, or name yours with --allow-host.",
  ),
  forbidden_origin: code(
    403,
    "no",
    "The request comes from another web site.",
    "Open the dashboard at the server's own address; behind a proxy with TLS, name its origin with --allow-origin.",
  ),
  forwarded_refused: code(
    403,
    "no",
    "The request came through a proxy, and none is trusted.",
    "Connect directly, or have the proxy leave these headers out: see docs/nginx.conf.example.",
  ),
  unknown_method: code(404, "no", "The session knows no such request.", "See docs/protocol.md, section 3."),
  no_such_subscription: code(404, "no", "The session has no subscription of this name.", "Subscribe first."),
  too_many_subscriptions: code(
    429,
    "no",
    "The session has as many subscriptions as its limit allows.",
    "Unsubscribe from some, or ask for more in one subscription.",
  ),
  too_many_connections: code(
    503,
    "later",
    "The server, or this address, has as many connections as its limit allows.",
    "Close some; see --max-connections-per-ip.",
  ),
  // What fails for reasons of the moment.
  overloaded: code(503, "later", "The board's inbox is full.", "Wait for Retry-After, then send the same id again."),
  indeterminate: code(
    503,
    "same",
    "The disk failed while the record was being written; it may or may not be kept.",
    "Send the same id again.",
  ),
  log_unavailable: code(
    503,
    "later",
    "The log cannot be written now (disk full or failing); reads go on.",
    "Free the disk; the server recovers by itself.",
  ),
  history_unavailable: code(
    503,
    "later",
    "The board's history cannot be read now: its index is being built, or too much is asked at once.",
    "Wait for Retry-After; the index catches up by itself. If it does not, the server's log says why.",
  ),
  shutting_down: code(503, "later", "The server is stopping.", "Connect again shortly."),
  internal: code(500, "later", "The server made a mistake; its log says which.", "Report it with the log line."),
} as const satisfies Record<string, CodeInfo>;

export type Code = keyof typeof CODES;
