// The edge: which heads pass, which do not, and why (law L10).

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { allowedNames, isLoopback, originOf } from "./hosts.ts";
import { inspect } from "./inspect.ts";

const names = allowedNames("127.0.0.1", ["board.lan:9000"]);

function judge(headers: Record<string, string>, url = "/", origins: ReadonlySet<string> = new Set()): string {
  const rawHeaders = Object.entries(headers).flat();
  const verdict = inspect({ method: "GET", url, headers, rawHeaders }, names, origins);
  return verdict.ok ? "pass" : verdict.code;
}

describe("L10: the edge judges every head", () => {
  it.each([
    ["localhost", "pass"],
    ["localhost:8000", "pass"],
    ["LOCALHOST:1", "pass"],
    ["127.0.0.1:8000", "pass"],
    ["[::1]:8000", "pass"],
    ["board.lan", "pass"],
    ["board.lan:80", "pass"],
    ["evil.example", "forbidden_host"],
    ["localhost.evil.example", "forbidden_host"],
    ["localhost:8000@evil.example", "forbidden_host"],
    ["127.0.0.1.nip.io", "forbidden_host"],
    ["0.0.0.0:8000", "forbidden_host"],
    ["", "forbidden_host"],
    ["localhost:", "forbidden_host"],
    ["localhost:8000, evil.example", "forbidden_host"],
  ])("Host %j: %s", (host, expected) => {
    expect(judge({ host })).toBe(expected);
  });

  it("a missing Host, or two of them, is refused", () => {
    expect(judge({})).toBe("forbidden_host");
    const twice = inspect(
      { url: "/", headers: { host: "localhost" }, rawHeaders: ["Host", "localhost", "host", "evil"] },
      names,
    );
    expect(twice).toMatchObject({ ok: false, code: "forbidden_host" });
  });

  it.each([
    ["localhost:8000", "http://localhost:8000", "pass"],
    ["localhost:80", "http://localhost", "pass"],
    ["localhost", "http://localhost:80", "pass"],
    ["[::1]:8000", "http://[::1]:8000", "pass"],
    ["localhost:8000", "http://localhost:3000", "forbidden_origin"],
    ["localhost:8000", "https://localhost:8000", "forbidden_origin"],
    ["localhost:8000", "http://127.0.0.1:8000", "forbidden_origin"],
    ["localhost:8000", "http://evil.example", "forbidden_origin"],
    ["localhost:8000", "null", "forbidden_origin"],
    ["localhost:8000", "", "forbidden_origin"],
    ["localhost:8000", "http://localhost:8000, http://evil.example", "forbidden_origin"],
  ])("Host %j with Origin %j: %s", (host, origin, expected) => {
    expect(judge({ host, origin })).toBe(expected);
  });

  const proxied = new Set(["https://board.lan", "https://localhost:8443"]);
  it.each([
    ["board.lan", "https://board.lan", "pass"],
    ["board.lan:443", "https://board.lan:443", "pass"],
    ["localhost:8443", "https://localhost:8443", "pass"],
    // A proxy that says its own name for the server's.
    ["127.0.0.1:8000", "https://board.lan", "pass"],
    // Plain HTTP of a name that is served by TLS may be anyone's on the way.
    ["board.lan", "http://board.lan", "forbidden_origin"],
    ["localhost:8443", "http://localhost:8443", "forbidden_origin"],
    // Without the proxy it is as it was.
    ["localhost:8000", "http://localhost:8000", "pass"],
    ["localhost:8000", "https://localhost:8000", "forbidden_origin"],
    ["board.lan", "https://board.lan:444", "forbidden_origin"],
    ["board.lan", "https://evil.example", "forbidden_origin"],
    ["board.lan", "https://board.lan.evil.example", "forbidden_origin"],
    ["board.lan", "https://board.lan@evil.example", "forbidden_origin"],
    ["board.lan", "null", "forbidden_origin"],
    // Naming an origin opens no name of hosts by itself here: the server adds it.
    ["evil.example", "https://board.lan", "forbidden_host"],
  ])("behind a proxy, Host %j with Origin %j: %s", (host, origin, expected) => {
    expect(judge({ host, origin }, "/", proxied)).toBe(expected);
  });

  it.each([
    ["https://board.example", "https://board.example"],
    ["https://board.example/", "https://board.example"],
    ["HTTPS://Board.Example:443", "https://board.example"],
    ["https://board.example:8443", "https://board.example:8443"],
    ["http://board.lan", "http://board.lan"],
    ["https://[::1]:8443", "https://[::1]:8443"],
    ["*", undefined],
    ["null", undefined],
    ["", undefined],
    ["board.example", undefined],
    ["https://*.example", undefined],
    ["https://board.example/path", undefined],
    ["https://board.example?x", undefined],
    ["https://user@board.example", undefined],
    ["wss://board.example", undefined],
    ["file:///", undefined],
  ])("%j as an origin to allow: %j", (text, expected) => {
    expect(originOf(text)).toBe(expected);
  });

  it.each([
    ["none", "pass"],
    ["same-origin", "pass"],
    ["same-site", "forbidden_origin"],
    ["cross-site", "forbidden_origin"],
    ["anything", "forbidden_origin"],
  ])("no Origin with Sec-Fetch-Site %s: %s", (site, expected) => {
    expect(judge({ host: "localhost", "sec-fetch-site": site })).toBe(expected);
  });

  const link = {
    host: "localhost",
    "sec-fetch-site": "cross-site",
    "sec-fetch-mode": "navigate",
    "sec-fetch-dest": "document",
  };

  it.each([
    ["a link to the page", link, "/blackboard?board=a", "pass"],
    ["a link to data", link, "/api/v1/boards/default/entries", "forbidden_origin"],
    ["a frame", { ...link, "sec-fetch-dest": "iframe" }, "/blackboard", "forbidden_origin"],
    ["a fetch of the page", { ...link, "sec-fetch-mode": "no-cors" }, "/blackboard", "forbidden_origin"],
    ["a link with a foreign Origin", { ...link, origin: "http://evil.example" }, "/blackboard", "forbidden_origin"],
  ])("from another site, %s: %s", (_what, headers, url, expected) => {
    expect(judge(headers, url)).toBe(expected);
  });

  it.each(["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-anything"])(
    "%s: forwarded_refused",
    (header) => expect(judge({ host: "localhost", [header]: "x" })).toBe("forwarded_refused"),
  );

  it.each([
    ["/a%2Fb", "pass"],
    ["/?key=%F0%9F%98%80", "pass"],
    ["/%", "bad_request"],
    ["/%zz", "bad_request"],
    ["/%C3", "bad_request"],
    ["/%ED%A0%80", "bad_request"],
    ["/?key=%E0%A4", "bad_request"],
    ["http://evil.example/", "bad_request"],
    ["*", "bad_request"],
  ])("target %j: %s", (url, expected) => {
    expect(judge({ host: "localhost" }, url)).toBe(expected);
  });

  it("no head of any content makes it throw", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom("host", "origin", "sec-fetch-site", "via"), fc.string()),
        fc.string(),
        (headers, url) => {
          expect(typeof judge(headers, url)).toBe("string");
        },
      ),
    );
  });

  it("only loopback counts as loopback", () => {
    for (const host of ["127.0.0.1", "127.1.2.3", "localhost", "::1", "[::1]"]) expect(isLoopback(host)).toBe(true);
    for (const host of ["0.0.0.0", "::", "192.168.0.1", "127.0.0.1.example", "example.com"])
      expect(isLoopback(host)).toBe(false);
  });
});
