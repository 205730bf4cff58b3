"""Servers on this machine that speak as much of the hubs' protocols as their libraries ask for, and go wrong on
demand. What they serve is a folder."""

import base64
import contextlib
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LARGE_BYTES = 20_000
"""From here on the Hub keeps a file in its large file storage, and knows it by its SHA-256."""


class LocalHub:
    """cut: file name to the count of bytes after which the connection breaks off, once. corrupted: files whose bytes
    are not what was promised. sizeless: files that come in pieces, without their length. wait_after: the count of bytes
    of a file after which the server sends nothing more until `go_on` is set. refused: (status, error code) of every
    answer. page: what a network that wants a login sends in the place of every answer."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cut: dict[str, int] = {}
        self.corrupted: set[str] = set()
        self.sizeless: set[str] = set()
        self.refused: tuple[int, str] | None = None
        self.page: bytes | None = None
        self.wait_after: int | None = None
        self.go_on = threading.Event()
        self.requests: list[str] = []
        self.ranges: list[str] = []
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                hub.requests.append(f"{self.command} {self.path}")
                if hub.page is not None:
                    self.send(200, hub.page, Content_Type="text/html")
                else:
                    hub.answer(self, urlsplit(self.path).path, body)

            do_GET = do_HEAD = do_POST = _answer

            def log_message(self, *_: object) -> None: ...

            def send(self, status: int, data: bytes = b"", **headers: str) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(data)

            def send_chunked(self, status: int, data: bytes, kept: int | None = None, **headers: str) -> None:
                """Without its length. kept: bytes after which the connection breaks off."""
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                sent = data[:kept]
                with contextlib.suppress(ConnectionError):  # a client that was stopped is gone
                    self.wfile.write(b"%x\r\n%b\r\n" % (len(sent), sent) if sent else b"")
                    self.wfile.write(b"" if len(sent) < len(data) else b"0\r\n\r\n")
                self.close_connection = self.close_connection or len(sent) < len(data)

            def send_json(self, value: object) -> None:
                self.send(200, json.dumps(value).encode(), Content_Type="application/json")

            def send_file(self, name: str, **headers: str) -> None:
                """The rest of the file when a range is asked for."""
                data = (hub.folder / name).read_bytes()
                if name in hub.corrupted:
                    data = data[:-1] + bytes([data[-1] ^ 1])
                start = 0
                if "Range" in self.headers:
                    hub.ranges.append(f"{name} {self.headers['Range']}")
                    start = int(self.headers["Range"].removeprefix("bytes=").partition("-")[0])
                    headers["Content_Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
                kept = None if self.command == "HEAD" else hub.cut.pop(name, None)
                if name in hub.sizeless:
                    self.send_chunked(206 if start else 200, data[start:], kept, **headers)
                    return
                self.send_response(206 if start else 200)
                for header, value in {**headers, "Accept_Ranges": "bytes"}.items():
                    self.send_header(header.replace("_", "-"), value)
                self.send_header("Content-Length", str(len(data) - start))
                self.end_headers()
                if self.command != "HEAD":
                    sent = data[start:][:kept]
                    if hub.wait_after is not None and len(sent) > hub.wait_after:
                        self.wfile.write(sent[: hub.wait_after])
                        hub.go_on.wait(60)
                        sent = sent[hub.wait_after :]
                    with contextlib.suppress(ConnectionError):  # a client that was stopped is gone
                        self.wfile.write(sent)
                    self.close_connection = self.close_connection or kept is not None

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def names(self) -> list[str]:
        return sorted(path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_file())

    def answer(self, request, path: str, body: bytes) -> None:
        raise NotImplementedError


class Folder(LocalHub):
    """Serves what lies in its folder, as it lies there, resumable."""

    def answer(self, request, path: str, body: bytes) -> None:
        if (self.folder / path.strip("/")).is_file():
            request.send_file(path.strip("/"), ETag='"one"')
        else:
            request.send(404)


class HuggingFace(LocalHub):
    """One model, whatever its name."""

    def answer(self, request, path: str, body: bytes) -> None:
        if self.refused:
            request.send(self.refused[0], X_Error_Code=self.refused[1])
        elif path.startswith("/api/models/"):
            siblings = [self._sibling(name) for name in self.names()]
            request.send_json({"id": "local/model", "sha": COMMIT, "siblings": siblings})
        else:
            name = path.partition(f"/resolve/{COMMIT}/")[2]
            sibling = self._sibling(name)
            etag = sibling["lfs"]["sha256"] if "lfs" in sibling else sibling["blobId"]
            request.send_file(name, ETag=f'"{etag}"', X_Repo_Commit=COMMIT)

    def _sibling(self, name: str) -> dict:
        data = (self.folder / name).read_bytes()
        entry = {"rfilename": name, "size": len(data)}
        entry["blobId"] = hashlib.sha1(f"blob {len(data)}\0".encode() + data).hexdigest()
        if len(data) >= LARGE_BYTES:
            entry["lfs"] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 130}
        return entry


class Kaggle(LocalHub):
    """One variation of one model, in version 3."""

    def answer(self, request, path: str, body: bytes) -> None:
        if self.refused:
            request.send(self.refused[0])
        elif path.startswith("/files/"):
            name = path.removeprefix("/files/")
            digest = hashlib.md5((self.folder / name).read_bytes()).digest()
            request.send_file(name, X_Goog_Hash=f"md5={base64.b64encode(digest).decode()}")
        elif path.endswith("/ListModelInstanceVersionFiles"):
            request.send_json({"files": [{"name": name} for name in self.names()], "nextPageToken": ""})
        elif path.endswith("/DownloadModelInstanceVersion"):
            # as the real one does: to where the file lies
            request.send(302, Location=f"{self.address}/files/{json.loads(body)['path']}")
        else:
            request.send_json({"versionNumber": 3})
