// Owns a second verifier of Swarmboard exports, written from docs/audit-format.md alone: one file, Node's library only.
// It shares no code with the product, so that a mistake there is not repeated here. It says whether, the product says which.
//
// usage: node verify-log.mjs EXPORT-OR-ARCHIVE [KEY]      KEY is the text that `swarmboard audit key` printed, in a file
// exit code: 0 whole, 1 not whole, 2 could not look

import { createHash, createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

const fail = (code, message) => {
  console.log(message);
  process.exit(code);
};
const no = (message) => fail(1, `not whole: ${message}`);
const sha = (...parts) => {
  const sum = createHash("sha256");
  for (const part of parts) sum.update(part);
  return sum.digest();
};

let bytes, trusted;
try {
  bytes = readFileSync(process.argv[2]);
  // An archive, section 9, is an export that is compressed.
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) bytes = gunzipSync(bytes);
  if (process.argv[3])
    trusted = Buffer.from(
      readFileSync(process.argv[3], "utf8").trim().split("+").slice(2).join("+"),
      "base64",
    ).subarray(1);
} catch (error) {
  fail(2, String(error));
}

// CRC-32, section 1.
const TABLE = Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n >>> 0;
});
const crc = (data) => {
  let sum = 0xffffffff;
  for (const byte of data) sum = TABLE[(sum ^ byte) & 255] ^ (sum >>> 8);
  return ((sum ^ 0xffffffff) >>> 0).toString(16).padStart(8, "0");
};

// Lines. Everything behind the last newline is not part of the file.
const lines = [];
for (let start = 0, end; (end = bytes.indexOf(10, start)) >= 0; start = end + 1) lines.push(bytes.subarray(start, end));
if (lines.length === 0 || lines[0].toString("latin1", 0, 8) !== '{"crc":"') fail(2, "not an export");
const rest = (line) => line.subarray(18);
lines.forEach((line, i) => {
  if (line.toString("latin1", 0, 18) !== `{"crc":"${crc(rest(line))}",`) no(`the checksum of line ${i + 1}`);
});
const parse = (line) => {
  try {
    return JSON.parse(line.toString("utf8"));
  } catch {
    return no("a line that is no JSON");
  }
};

// Evidence, section 3.
const head = parse(lines[0]);
if (head.export !== 1) fail(2, "not an export of a known format");
let at = 1;
const keys = [];
const checkpoints = [];
const later = [];
const isRecord = (line) => ['"cut"', '"env"'].includes(line.toString("latin1", 18, 23));
const evidence = createHash("sha256");
for (; at < lines.length && !isRecord(lines[at]); at++) {
  evidence.update(lines[at]).update("\n");
  const said = parse(lines[at]);
  if (said.key) keys.push(said.key);
  if (said.checkpoint) checkpoints.push(said.checkpoint);
  if (said.later) later.push(said);
}
if (evidence.digest("base64url") !== head.evidence) no("the lines of evidence");

// Signed notes, section 4.
const SPKI = Buffer.from("302a300506032b6570032100", "hex");
const open = (note) => {
  const split = note.lastIndexOf("\n\n");
  return {
    text: note.slice(0, split + 1),
    signatures: note
      .slice(split + 2)
      .split("\n")
      .filter(Boolean),
  };
};
const isSigned = (note, name, publicKey) => {
  const hash = sha(`${name}\n`, Buffer.of(1), publicKey).subarray(0, 4);
  const key = createPublicKey({ key: Buffer.concat([SPKI, publicKey]), format: "der", type: "spki" });
  return note.signatures.some((line) => {
    const [dash, by, base64] = line.split(" ");
    const signature = Buffer.from(base64 ?? "", "base64");
    const isOurs = dash === "—" && by === name && signature.subarray(0, 4).equals(hash);
    return isOurs && verify(undefined, Buffer.from(note.text), key, signature.subarray(4));
  });
};

// Keys, section 5.
const chain = [];
for (const text of keys) {
  const note = open(text);
  const [title, number, from, key, after] = note.text.split("\n");
  const publicKey = Buffer.from(key ?? "", "base64");
  const before = chain.at(-1);
  const name = `swarmboard/${head.board}`;
  if (title !== `${name} keys` || number !== `key ${chain.length + 1}` || publicKey.length !== 32) no("a key note");
  if (before && after !== `after ${before.publicKey.toString("base64")}`) no("a key note's predecessor");
  if (!isSigned(note, name, publicKey) || (before && !isSigned(note, name, before.publicKey)))
    no("a key note's signature");
  chain.push({ publicKey, from: Number(from.slice(5)) });
}
if (trusted && !chain.some(({ publicKey }) => publicKey.equals(trusted))) no("the key is another one");

// Records, section 2, and the tree over their envelopes, section 6.
const subtrees = head.left.map((hash) => Buffer.from(hash, "base64"));
let size = head.from - 1;
let clock = 0;
const rootNow = () =>
  subtrees.reduceRight((right, left) => (right ? sha(Buffer.of(1), left, right) : left), undefined) ?? sha("");
const roots = new Map();
const erased = new Map();
const erasures = new Map();
for (; at < lines.length; at++) {
  const line = lines[at];
  const record = parse(line);
  const env = record.env ?? no("a line that is no record");
  if (env.seq !== size + 1) no(`record ${env.seq} where ${size + 1} belongs`);
  if (env.clock < clock) no(`the clock goes back at record ${env.seq}`);
  clock = env.clock;
  let envelope = line.subarray(24, line.length - 1);
  if (record.cut) {
    const start = 18 + `"cut":[${record.cut.join(",")}],"env":`.length;
    envelope = line.subarray(start, start + record.cut[0]);
    const behind = line.subarray(start + record.cut[0]);
    const salt = start + record.cut[0] + ',"salt":"'.length;
    const payload = salt + 22 + '","payload":'.length;
    const committed = sha(line.subarray(salt, salt + 22), line.subarray(payload, line.length - 1));
    // Erased records, section 10: what is left is vouched for by the record of the erasure.
    if (record.erased) erased.set(env.seq, sha(behind).toString("base64url"));
    else if (committed.toString("base64url") !== env.hash) no(`the payload of record ${env.seq}`);
    if (env.type === "record.erase") erasures.set(record.payload.cmd.seq, record.payload.cmd.left);
  }
  let hash = sha(Buffer.of(0), envelope);
  for (let n = size; n % 2 === 1; n = (n - 1) / 2) hash = sha(Buffer.of(1), subtrees.pop(), hash);
  subtrees.push(hash);
  size++;
  roots.set(size, rootNow());
}
for (const [seq, left] of erased) {
  if (erasures.has(seq) && erasures.get(seq) !== left) no(`what is left of record ${seq}`);
}
if (size !== head.to) no(`the log ends at record ${size}, not at ${head.to}`);

// Consistency, RFC 9162, 2.1.4.2.
const leadsTo = (from, to, proof) => {
  let [at, last] = [from.size - 1, to.size - 1];
  while (at % 2 === 1) [at, last] = [(at - 1) / 2, (last - (last % 2)) / 2];
  const hashes = at === 0 ? [from.root, ...proof] : proof;
  if (from.size === to.size) return proof.length === 0 && from.root.equals(to.root);
  let [old, now] = [hashes[0], hashes[0]];
  for (const sibling of hashes.slice(1)) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      [old, now] = [sha(Buffer.of(1), sibling, old), sha(Buffer.of(1), sibling, now)];
      while (at % 2 === 0 && at !== 0) [at, last] = [at / 2, (last - (last % 2)) / 2];
    } else now = sha(Buffer.of(1), now, sibling);
    [at, last] = [(at - (at % 2)) / 2, (last - (last % 2)) / 2];
  }
  return last === 0 && old.equals(from.root) && now.equals(to.root);
};

// Checkpoints, section 7.
let signedTo = 0;
for (const text of [...checkpoints, ...later.map((one) => one.later)]) {
  const note = open(text);
  const [origin, count, root] = note.text.split("\n");
  const covered = Number(count);
  const epoch = head.epochs.findIndex((one) => origin === `swarmboard/${head.board}/${one.epoch}`);
  if (epoch < 0 || covered >= (head.epochs[epoch + 1]?.firstSeq ?? Infinity)) no(`the origin of checkpoint ${count}`);
  const key = chain.findLast(({ from }) => from < covered) ?? no("no key");
  if (!isSigned(note, origin, key.publicKey)) no(`the signature of checkpoint ${count}`);
  const beyond = later.find((one) => one.later === text);
  if (beyond) {
    const proof = beyond.proof.map((hash) => Buffer.from(hash, "base64"));
    const to = { size: covered, root: Buffer.from(root, "base64") };
    if (!leadsTo({ size, root: rootNow() }, to, proof)) no(`the way to the later checkpoint of ${count}`);
    signedTo = size;
    continue;
  }
  if (roots.get(covered)?.toString("base64") !== root) no(`the root of checkpoint ${count}`);
  signedTo = Math.max(signedTo, covered);
}
fail(
  0,
  `${trusted ? "whole" : "self-consistent"}${head.from > 1 ? ` from #${head.from}` : ""} to #${signedTo}, ${size - signedTo} records not yet under a checkpoint`,
);
