// Guards the weight of the client in a browser: what a page loads to connect, and what it loads only when sockets fail.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "vite";
import { beforeAll, describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** 12 KiB for a page that connects. */
const PAGE_BYTES = 12_288;
/** The fall-back, which is a file of its own. */
const FALLBACK_BYTES = 3072;
/** Everything that the package exports for browsers, used or not. */
const WHOLE_BYTES = 16_384;
/** A page whose bundler makes one file of all: 14.5 KiB, as docs/sdk.md says. */
const ONE_FILE_BYTES = 14_848;

const PAGE = 'import { connect } from "./src/client/index.ts"; globalThis.client = connect();';

interface Chunk {
  readonly code: string;
  readonly isEntry: boolean;
  readonly imports: readonly string[];
  readonly fileName: string;
  readonly moduleIds: readonly string[];
}

/** The minified chunks of an entry. As a library, so that Vite's own loader of chunks does not count. */
async function bundle(source: string, signature: "strict" | false, codeSplitting = true): Promise<Chunk[]> {
  // There is no such file: what it says is given below.
  const entry = `${ROOT}page.ts`;
  const built = await build({
    configFile: false,
    root: ROOT,
    logLevel: "error",
    plugins: [
      {
        name: "page",
        resolveId: (id) => (id === entry ? id : undefined),
        load: (id) => (id === entry ? source : undefined),
      },
    ],
    build: {
      write: false,
      minify: true,
      target: "es2022",
      lib: { entry, formats: ["es"] },
      rolldownOptions: { preserveEntrySignatures: signature, output: { minify: true, codeSplitting } },
    },
  });
  const [{ output }] = built as unknown as [{ output: Chunk[] }];
  return output;
}

/** Of the entry and all that it loads at once. */
function loadedAtOnce(chunks: readonly Chunk[]): Chunk[] {
  const byName = new Map(chunks.map((chunk) => [chunk.fileName, chunk]));
  const all = new Set<Chunk>();
  const add = (chunk: Chunk | undefined): void => {
    if (chunk === undefined || all.has(chunk)) return;
    all.add(chunk);
    for (const name of chunk.imports) add(byName.get(name));
  };
  add(chunks.find(({ isEntry }) => isEntry));
  return [...all];
}

const gzipBytes = (chunks: readonly Chunk[]): number =>
  chunks.reduce((sum, { code }) => sum + gzipSync(code, { level: 9 }).length, 0);

describe("the client in a browser", () => {
  let page: Chunk[];
  let whole: Chunk[];
  beforeAll(async () => {
    // A program exports nothing, so that what both of its files need can stand in the first.
    page = await bundle(PAGE, false);
    whole = await bundle('export * from "./src/client/index.ts";', "strict");
  });

  it(`takes at most ${PAGE_BYTES} bytes of a page, gzip, and the fall-back ${FALLBACK_BYTES} more when it is needed`, () => {
    const atOnce = loadedAtOnce(page);
    const later = page.filter((chunk) => !atOnce.includes(chunk));
    console.log(
      `client: ${gzipBytes(atOnce)} bytes at once, ${gzipBytes(later)} for the fall-back, ${gzipBytes(whole)} in all`,
    );
    expect(gzipBytes(atOnce)).toBeLessThanOrEqual(PAGE_BYTES);
    expect(later.some(({ moduleIds }) => moduleIds.some((id) => id.endsWith("transports/http.ts")))).toBe(true);
    expect(gzipBytes(later)).toBeLessThanOrEqual(FALLBACK_BYTES);
    expect(gzipBytes(whole)).toBeLessThanOrEqual(WHOLE_BYTES);
  });

  it(`takes at most ${ONE_FILE_BYTES} bytes where a bundler does not split chunks`, async () => {
    const chunks = await bundle(PAGE, false, false);
    expect(chunks).toHaveLength(1);
    console.log(`client: ${gzipBytes(chunks)} bytes as one file`);
    expect(gzipBytes(chunks)).toBeLessThanOrEqual(ONE_FILE_BYTES);
  });

  it("holds no schema library, no socket of Node's, and of the protocol only what is made for browsers", () => {
    const modules = whole.flatMap(({ moduleIds }) => moduleIds).map((id) => id.replace(ROOT, ""));
    expect(modules.filter((id) => id.includes("node_modules"))).toEqual([]);
    expect(modules.filter((id) => id.startsWith("src/protocol/")).sort()).toEqual([
      "src/protocol/wire/close-codes.ts",
      "src/protocol/wire/cursor.ts",
      "src/protocol/wire/session-limits.ts",
    ]);
    expect(modules).not.toContain("src/client/node.ts");
    for (const { code } of whole) expect(code).not.toMatch(/from\s*[`'"](ws|zod|node:)|import\([`'"](ws|zod|node:)/);
  });

  it("depends on nothing at run time but the package's own `ws`, and on React only if it is there", () => {
    const manifest = JSON.parse(readFileSync(`${ROOT}package.json`, "utf8")) as {
      dependencies: Record<string, string>;
      peerDependenciesMeta: Record<string, { optional?: boolean }>;
    };
    expect(manifest.dependencies).toHaveProperty("ws");
    expect(manifest.peerDependenciesMeta["react"]?.optional).toBe(true);
  });
});
