#!/usr/bin/env python3
"""A small client of Swarmboard, written from docs/protocol.md alone. The rules that it follows are cited by their ids.

    python3 examples/python_client.py --prefix task:              every change as a line of JSON
    python3 examples/python_client.py --put task:1 '{"n": 1}'     one command, sent until it has an answer

It needs Python 3.9. With the package `websockets` (Debian: python3-websockets) it opens a socket; without, it asks by long polls.
What it leaves out: windows, the event stream, tokens.
"""

import argparse
import asyncio
import json
import random
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

try:
    import websockets
except ImportError:
    websockets = None

# The member that names an item of a stream (W-SYNC-9).
NAME_OF = {
    "entries": "key",
    "budgets": "task",
    "agents": "agent",
    "tasks": "task",
    "requests": "request",
    "claims": "claim",
    "sources": "source",
}
# Close codes after which there is no way back (W-BACK-4).
STOP = {1009, 4400, 4401, 4403, 4409, 4410, 4426}
SILENCE_MS = 8000


class Lost(Exception):
    """What came does not go on from what is held: subscribe again with the cursor (W-SYNC-4, W-SYNC-8)."""


class Stopped(Exception):
    """The server wants this client to stay away, or refuses what it asks for."""


class Ended(Exception):
    """The connection is over. `delay_ms`: how long to stay away, if the server said so."""

    def __init__(self, reason, delay_ms=None):
        super().__init__(reason)
        self.delay_ms = delay_ms


def merge_patch(value, patch):
    """RFC 7396."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(value) if isinstance(value, dict) else {}
    for name, member in patch.items():
        if member is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), member)
    return merged


class Replica:
    """What is held of one subscription, and the position up to which that is true."""

    def __init__(self):
        self.items = {stream: {} for stream in NAME_OF}
        self.epoch = None
        self.seq = 0
        self.resume = None
        self.coming = None
        self.pages = []

    def cursor(self):
        return f"{self.resume}.{self.seq}" if self.resume is not None and self.seq > 0 else None

    def begin(self, result):
        """The answer to `subscribe` (W-SUB-3). Where a snapshot follows, what is held counts until that is there."""
        self.pages = []
        self.coming = result
        if "reset" not in result and result["position"]["seq"] == self.seq:
            self.resume, self.epoch = result["resume"], result["position"]["epoch"]

    def apply(self, sync):
        """Takes in a sync, and returns what changed: pairs of a stream and a name, and notes."""
        if "reset" in sync:
            self.pages = []
        start = self.pages[0]["from"] if self.pages else sync["from"] if "reset" in sync else self.seq
        if sync["from"] != start:
            self.pages = []
            raise Lost(f"a sync from {sync['from']} came at {start}")
        self.pages.append(sync)
        if sync.get("more"):
            return [], []  # W-SYNC-6: nothing of it is shown before its last page.
        pages, self.pages = self.pages, []
        held = {stream: dict(items) for stream, items in self.items.items()}
        notes = []
        for page in pages:
            self._fold(page, held, notes)
        changed = [
            (stream, name)
            for stream, before in self.items.items()
            for name in {**before, **held[stream]}
            if before.get(name) != held[stream].get(name)
        ]
        self.items, self.seq = held, sync["to"]
        if "reset" in pages[0] and self.coming is not None:
            self.resume, self.epoch = self.coming["resume"], self.coming["position"]["epoch"]
        return changed, notes

    @staticmethod
    def _fold(page, held, notes):
        if "reset" in page:
            for items in held.values():
                items.clear()
            notes.clear()
        for stream, name in NAME_OF.items():
            told = page.get(stream, {})
            if told.get("all"):  # W-SYNC-7
                held[stream].clear()
            for item in told.get("put", []):
                held[stream][item[name]] = item
            for gone in told.get("del", []):
                held[stream].pop(gone, None)
            for item in told.get("patch", []):
                base = held[stream].get(item["key"])
                if base is None or base["seq"] != item["base"]:
                    raise Lost(f"the base of a patch of {item['key']} is not held")
                facts = {member: item[member] for member in item if member not in ("base", "patch")}
                held[stream][item["key"]] = {**facts, "value": merge_patch(base["value"], item["patch"])}
        audit = page.get("audit", {})
        if "missed" in audit:
            notes.append({"missed": audit["missed"]["count"]})
        notes.extend(added["note"] for added in audit.get("add", []))


class Client:
    """Follows one subscription, over a socket or by long polls, for as long as it is let."""

    def __init__(self, url, board, agent, streams, on_sync, sockets=True):
        self.url, self.board, self.agent, self.streams = url.rstrip("/"), board, agent, streams
        self.on_sync = on_sync
        self.replica = Replica()
        self.sockets = sockets and websockets is not None
        self.failures = 0
        self.misfits = 0
        self.up_since = None

    async def follow(self):
        retries = 0
        while True:
            self.up_since = None
            by_socket = self.sockets and self.failures < 3
            try:
                await (self._socket() if by_socket else self._polls())
            except Ended as end:
                lived = self.up_since is not None
                if lived and time.monotonic() - self.up_since >= 10:
                    retries = 0
                # W-BACK-1: up to 1 s after a connection that was live, then full jitter below a ceiling that doubles.
                ceiling_ms = 1000 if lived and retries == 0 else min(3000, 500 * 2**retries)
                retries += 1
                # W-BACK-2: after three failures in a row without a socket, and then with one again.
                self.failures = 0 if lived or not by_socket else self.failures + 1
                delay_ms = end.delay_ms if end.delay_ms is not None else random.random() * ceiling_ms
                say(f"{end}; again in {delay_ms:.0f} ms")
                await asyncio.sleep(delay_ms / 1000)

    def _take(self, sync):
        """Whether it fits. After three that do not, the cursor is not worth anything."""
        try:
            changed, notes = self.replica.apply(sync)
            self.misfits = 0
        except Lost as lost:
            say(str(lost))
            self.misfits += 1
            if self.misfits > 3:
                self.replica.seq = 0
            return False
        if changed or notes:
            self.on_sync(self.replica, changed, notes)
        return True

    # A socket (section 3)

    async def _socket(self):
        query = urllib.parse.urlencode({"agent": self.agent, "revision": 1, "client": "python-example"})
        address = f"{self.url.replace('http', 'ws', 1)}/ws/blackboard?{query}"
        drain_ms = None
        try:
            socket = await websockets.connect(
                address, subprotocols=["swarmboard.v1"], max_size=None, ping_interval=None, open_timeout=8
            )
        except (OSError, asyncio.TimeoutError, websockets.exceptions.WebSocketException) as error:
            raise Ended(f"no socket: {error}") from error
        try:
            await self._subscribe(socket)
            silence_s = SILENCE_MS / 1000
            ack_bytes = ack_ms = syncs = owed_bytes = 0
            owed_since = None
            while True:
                # W-BEAT-2: any frame is a sign of life; W-FLOW-1: an acknowledgement by time is due even if none comes.
                due_s = silence_s if owed_since is None else owed_since + ack_ms / 1000 - time.monotonic()
                try:
                    text = await asyncio.wait_for(socket.recv(), max(0.001, min(silence_s, due_s)))
                except asyncio.TimeoutError:
                    if owed_since is None:
                        raise Ended("the server fell silent") from None
                    text = None
                message = {} if text is None else json.loads(text)
                method, params = message.get("method"), message.get("params", {})
                if method == "welcome":
                    self.up_since = time.monotonic()
                    silence_s = (params["beatMs"] + SILENCE_MS) / 1000
                    ack_bytes, ack_ms = params["limits"]["ackBytes"], params["limits"]["ackMs"]
                elif method == "sync":
                    syncs += 1
                    owed_bytes += len(text.encode())
                    owed_since = owed_since or time.monotonic()
                    # W-SYNC-4: syncs that came before the newest subscription are of no use.
                    if self.asked is None and not self._take(params):
                        await self._subscribe(socket)
                elif method == "drain":
                    drain_ms = params["afterMs"] + random.random() * params["spreadMs"]
                elif message.get("id") is not None and message["id"] == self.asked:
                    self.asked = None
                    if "error" in message:
                        raise refused(message["error"].get("data") or message["error"])
                    self.replica.begin(message["result"])
                if owed_since is not None and (
                    owed_bytes >= ack_bytes or time.monotonic() - owed_since >= ack_ms / 1000
                ):
                    await self._send(socket, "ack", {"syncs": syncs})
                    owed_bytes, owed_since = 0, None
        except websockets.exceptions.ConnectionClosed as closed:
            code = closed.rcvd.code if closed.rcvd else 1006
            if code in STOP:
                raise Stopped(f"{code} {closed.rcvd.reason}") from closed
            raise Ended(f"the socket was closed ({code})", drain_ms) from closed
        finally:
            await socket.close()

    async def _subscribe(self, socket):
        self.asked = str(uuid.uuid4())
        params = {"sub": "example", "board": self.board, **self.streams}
        if self.replica.cursor() is not None:
            params["cursor"] = self.replica.cursor()
        await self._send(socket, "subscribe", params, self.asked)

    @staticmethod
    async def _send(socket, method, params, request=None):
        message = {"jsonrpc": "2.0", "method": method, "params": params}
        await socket.send(json.dumps(message if request is None else {**message, "id": request}))

    # Long polls (section 11)

    async def _polls(self):
        until = time.monotonic() + 30 if self.sockets else float("inf")
        while time.monotonic() < until:
            query = {"filter": json.dumps(self.streams), "agent": self.agent}
            if self.replica.cursor() is not None:
                query["cursor"] = self.replica.cursor()
            path = f"/api/v1/boards/{self.board}/stream?{urllib.parse.urlencode(query)}"
            answer = await asyncio.to_thread(request, self.url + path)
            self.up_since = self.up_since or time.monotonic()
            self.replica.begin(answer["open"])
            for sync in answer["syncs"]:
                if not self._take(sync):
                    break
        raise Ended("time to try a socket again", 0)


def request(url, body=None, headers=None):
    """One request by HTTP. Raises Ended where another attempt may help, and Stopped where none does."""
    headers = {"Accept": "application/json", "Content-Type": "application/json", **(headers or {})}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=35) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        try:
            problem = json.load(error)
        except ValueError:
            problem = {"code": str(error.code)}
        raise refused(problem, error.headers.get("Retry-After")) from error
    except (OSError, ValueError) as error:
        raise Ended(f"no answer: {error}") from error


def refused(problem, retry_after=None):
    """A problem document says itself whether to come again (docs/errors.md)."""
    reason = f"refused ({problem.get('code')}): {problem.get('detail') or problem.get('message') or ''}"
    if problem.get("retry", "no") == "no":
        return Stopped(reason)
    return Ended(reason, float(retry_after) * 1000 if retry_after else None)


def command(url, board, agent, content):
    """Sends a command until it has an answer; its id sees to it that it is applied once (W-CMD-2, W-HTTP-3)."""
    body = json.dumps(content).encode()
    headers = {"Idempotency-Key": str(uuid.uuid4()), "X-Swarmboard-Agent": agent.encode().decode("latin-1")}
    while True:
        try:
            return request(f"{url.rstrip('/')}/api/v1/boards/{board}/commands", body, headers)
        except Ended as end:
            say(str(end))
            time.sleep((end.delay_ms or random.random() * 1000) / 1000)


def say(text):
    print(text, file=sys.stderr, flush=True)


def print_changes(replica, changed, notes):
    for stream, name in changed:
        print(json.dumps({"stream": stream, "name": name, "item": replica.items[stream].get(name)}), flush=False)
    for note in notes:
        print(json.dumps({"stream": "audit", "note": note}), flush=False)
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--board", default="default")
    parser.add_argument("--agent", default="python")
    parser.add_argument("--prefix", help="only entries whose keys begin so; by default entries, budgets and audit")
    parser.add_argument("--put", nargs=2, metavar=("KEY", "JSON"), help="set an entry, and end")
    parser.add_argument("--polls", action="store_true", help="open no socket")
    flags = parser.parse_args()
    try:
        if flags.put is not None:
            content = {"type": "entry.put", "key": flags.put[0], "value": json.loads(flags.put[1])}
            print(json.dumps(command(flags.url, flags.board, flags.agent, content)))
            return 0
        streams = {"entries": {}, "budgets": True, "audit": {}}
        if flags.prefix is not None:
            streams = {"entries": {"prefix": flags.prefix}}
        client = Client(flags.url, flags.board, flags.agent, streams, print_changes, sockets=not flags.polls)
        asyncio.run(client.follow())
    except KeyboardInterrupt:
        return 0
    except Stopped as stopped:
        say(str(stopped))
        return 1


if __name__ == "__main__":
    sys.exit(main())
