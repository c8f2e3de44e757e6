"""A server on the loopback that keeps files as the Hugging Face Hub does, so that its own library can be called."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha1
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import unquote

COMMIT = "0" * 40


class Hub(ThreadingHTTPServer):
    """The repositories of a hub.

    Args:
        address: The address to listen at.
    """

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__(address, Handler)
        self.repositories: dict[str, dict[str, bytes]] = {}
        self.messages: list[str] = []


class Handler(BaseHTTPRequestHandler):
    """The requests that the library makes: to create a repository, to commit files into it, to list and read them."""

    server: Hub

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/api/repos/create":
            sent = json.loads(body)
            name = "/".join(filter(None, (sent.get("organization"), sent["name"])))
            self.server.repositories.setdefault(name, {})
            self._send_json({"url": f"http://{self.headers['Host']}/{name}", "name": name})
        elif self.path == "/api/validate-yaml":
            self._send_json({"warnings": [], "errors": []})
        elif "/preupload/" in self.path:
            kind = {"uploadMode": "regular", "shouldIgnore": False}
            files = [{"path": file["path"], **kind} for file in json.loads(body)["files"]]
            self._send_json({"files": files})
        elif "/commit/" in self.path:
            name = self.path.removeprefix("/api/models/").partition("/commit/")[0]
            for line in body.splitlines():
                entry = json.loads(line)
                if entry["key"] == "header":
                    self.server.messages.append(entry["value"]["summary"])
                if entry["key"] == "file":
                    content = base64.b64decode(entry["value"]["content"])
                    self.server.repositories[name][entry["value"]["path"]] = content
            url = f"http://{self.headers['Host']}/{name}/commit/{COMMIT}"
            self._send_json({"commitUrl": url, "commitOid": COMMIT, "success": True})
        else:
            self._send(404, b"{}")

    def do_GET(self) -> None:
        path = unquote(self.path.partition("?")[0])
        if path.startswith("/api/models/"):
            name, _, what = path.removeprefix("/api/models/").rpartition("/")[0].rpartition("/")
            files = self.server.repositories.get(name)
            if files is not None and what == "tree":
                self._send_json(
                    [
                        {"type": "file", "path": file, "size": len(content), "oid": sha1(content).hexdigest()}
                        for file, content in files.items()
                    ]
                )
            elif files is None:
                self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"})
            else:
                self._send_json({"id": name, "sha": COMMIT, "siblings": [{"rfilename": file} for file in files]})
            return
        name, _, file = path[1:].partition("/resolve/")
        content = self.server.repositories.get(name, {}).get(file.partition("/")[2])
        if content is None:
            self._send(404, b"{}")
            return
        self._send(200, content, {"ETag": f'"{sha1(content).hexdigest()}"', "X-Repo-Commit": COMMIT})

    do_HEAD = do_GET

    def log_message(self, *_: object) -> None:
        """Print nothing."""

    def _send_json(self, content: object) -> None:
        self._send(200, json.dumps(content).encode())

    def _send(self, status: int, content: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


@contextmanager
def serve_hub() -> Iterator[tuple[str, Hub]]:
    """Yield the address of a hub that is open inside the block, and the hub."""
    with Hub(("127.0.0.1", 0)) as hub:
        thread = Thread(target=hub.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{hub.server_address[1]}", hub
        finally:
            hub.shutdown()
            thread.join()
