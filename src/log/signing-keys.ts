// Owns the key that signs a board's checkpoints, `signing.key`, and the notes that name it and its successors:
// `keys/<n>.note`, each signed by the key that it names and by the one before.
// Does not own what is signed. Invariant: the secret is never in a file that others may read.
//
// Key n signs the checkpoints of sizes beyond its `from`, up to and with the `from` of key n+1.

import {
  base64Of,
  newSigningKey,
  parseNote,
  signerOf,
  signNote,
  type SignedNote,
  type SignerKey,
} from "./signed-note.ts";
import { codeOf, readSmallFile, replaceFile, type Disk } from "./disk.ts";

const KEY_FILE = "signing.key";
const NEXT_FILE = "signing.key.next";
const NAME = /^\d{4}\.note$/;

/** What a key note says. */
export interface NamedKey {
  readonly number: number;
  readonly publicKey: Buffer;
  readonly from: number;
  /** The key before, for all but the first: so that none can be put in its place by whoever has another key. */
  readonly after: Buffer | undefined;
  readonly note: SignedNote;
  readonly text: string;
}

/** Name under which key notes are signed. */
export const keyNameOf = (board: string): string => `swarmboard/${board}`;

export function parseKeyNote(text: string): NamedKey | undefined {
  const note = parseNote(text);
  const found =
    /^swarmboard\/\S+ keys\nkey ([1-9]\d{0,3})\nfrom (0|[1-9]\d{0,14})\n(\S{44})\n(?:after (\S{44})\n)?$/.exec(
      note?.text ?? "",
    );
  const publicKey = base64Of(found?.[3] ?? "");
  if (note === undefined || found === null || publicKey?.length !== 32) return undefined;
  const after = found[4] === undefined ? undefined : base64Of(found[4]);
  if ((Number(found[1]) === 1) !== (after === undefined)) return undefined;
  return { after, number: Number(found[1]), from: Number(found[2]), publicKey, note, text };
}

/** The texts of all key notes, oldest first. */
export async function readKeyNotes(disk: Disk, boardFolder: string): Promise<string[]> {
  const folder = `${boardFolder}/keys`;
  let names: readonly string[];
  try {
    names = await disk.list(folder);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
  const texts: string[] = [];
  for (const name of names.filter((one) => NAME.test(one)).sort()) {
    texts.push((await readSmallFile(disk, `${folder}/${name}`))?.toString("utf8") ?? "");
  }
  return texts;
}

/** The board's key, made if there is none yet. */
export async function openSigningKey(disk: Disk, boardFolder: string, board: string): Promise<SignerKey> {
  const name = keyNameOf(board);
  const named = (await readKeyNotes(disk, boardFolder)).map(parseKeyNote);
  const next = await readKey(disk, boardFolder, NEXT_FILE, name);
  if (next !== undefined) {
    // A rotation was interrupted: it counts if its note was written.
    const counts = named.some((one) => one?.publicKey.equals(next.publicKey));
    if (counts) await disk.rename(`${boardFolder}/${NEXT_FILE}`, `${boardFolder}/${KEY_FILE}`);
    else await disk.unlink(`${boardFolder}/${NEXT_FILE}`);
    await disk.syncFolder(boardFolder);
  }
  const key = await readKey(disk, boardFolder, KEY_FILE, name);
  if (key === undefined && named.length > 0) throw new Error(`${boardFolder}/${KEY_FILE} is missing`);
  if (key !== undefined && named.length > 0) return key;
  if (key === undefined) await replaceFile(disk, boardFolder, KEY_FILE, Buffer.from(newSigningKey()), 0o600);
  const made = key ?? (await readKey(disk, boardFolder, KEY_FILE, name));
  if (made === undefined) throw new Error(`${boardFolder}/${KEY_FILE} cannot be read back`);
  await writeKeyNote(disk, boardFolder, { board, number: 1, from: 0 }, made);
  return made;
}

/** Put a new key in the place of the old one, for checkpoints beyond `from`. The board must be closed. */
export async function rotateSigningKey(
  disk: Disk,
  boardFolder: string,
  board: string,
  from: number,
): Promise<SignerKey> {
  const old = await openSigningKey(disk, boardFolder, board);
  const number = (await readKeyNotes(disk, boardFolder)).length + 1;
  const pem = newSigningKey();
  const key = signerOf(keyNameOf(board), pem);
  await replaceFile(disk, boardFolder, NEXT_FILE, Buffer.from(pem), 0o600);
  await writeKeyNote(disk, boardFolder, { board, number, from }, key, old);
  await disk.rename(`${boardFolder}/${NEXT_FILE}`, `${boardFolder}/${KEY_FILE}`);
  await disk.syncFolder(boardFolder);
  return key;
}

async function readKey(disk: Disk, folder: string, file: string, name: string): Promise<SignerKey | undefined> {
  const pem = await readSmallFile(disk, `${folder}/${file}`);
  return pem === undefined ? undefined : signerOf(name, pem.toString("latin1"));
}

async function writeKeyNote(
  disk: Disk,
  boardFolder: string,
  { board, number, from }: { board: string; number: number; from: number },
  key: SignerKey,
  ...before: readonly SignerKey[]
): Promise<void> {
  const folder = `${boardFolder}/keys`;
  await disk.makeFolder(folder);
  await disk.syncFolder(boardFolder);
  const text = `${keyNameOf(board)} keys\nkey ${number}\nfrom ${from}\n${key.publicKey.toString("base64")}\n`;
  const links = before.map(({ publicKey }) => `after ${publicKey.toString("base64")}\n`);
  const note = signNote(text + links.join(""), key, ...before);
  await replaceFile(disk, folder, `${String(number).padStart(4, "0")}.note`, Buffer.from(note));
}
