"""A stand-in of GitHub's API for comments, on this machine: answers as told, and remembers."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

TOKEN = "secret-token-of-a-test"
LONGEST = 65_536


class StandIn:
    """`comments` of pull request 7; `script`: answers (status, headers, content) for the next
    requests by method, before the real ones; `asked`: every request."""

    def __init__(self) -> None:
        self.comments: list[dict] = []
        self.script: dict[str, list[tuple]] = {}
        self.asked: list[tuple[str, str]] = []
        self.others: set[int] = set()  # comments of other users
        self.api = ""

    def add(self, body: str, other: bool = False) -> int:
        number = 100 + len(self.comments)
        address = f"https://github.com/team/data/pull/7#issuecomment-{number}"
        self.comments.append({"id": number, "body": body, "html_url": address})
        if other:
            self.others.add(number)
        return number

    def body(self, number: int) -> str:
        return next(one["body"] for one in self.comments if one["id"] == number)

    def answer(self, method: str, path: str, content: dict, token: str) -> tuple:
        if token != f"Bearer {TOKEN}":
            return 401, {}, {"message": "Bad credentials"}
        if waiting := self.script.get(method):
            return waiting.pop(0)
        address = urlsplit(path)
        if not address.path.startswith("/repos/team/data/issues/"):
            return 404, {}, {"message": "Not Found"}
        if method == "GET":
            query = parse_qs(address.query)
            size, page = int(query["per_page"][0]), int(query["page"][0])
            return 200, {}, self.comments[(page - 1) * size : page * size]
        if len(content["body"]) > LONGEST:
            message = "Validation Failed: body is too long (maximum is 65536 characters)"
            return 422, {}, {"message": message}
        if method == "POST":
            self.add(content["body"])
            return 201, {}, self.comments[-1]
        number = int(address.path.rsplit("/", 1)[1])
        if number in self.others:
            return 403, {}, {"message": "Must have admin rights to Repository."}
        found = next(one for one in self.comments if one["id"] == number)
        found["body"] = content["body"]
        return 200, {}, found


@contextmanager
def serving() -> Iterator[StandIn]:
    standin = StandIn()

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            content = json.loads(self.rfile.read(size) or b"{}")
            standin.asked.append((self.command, self.path))
            token = self.headers.get("Authorization", "")
            status, headers, found = standin.answer(self.command, self.path, content, token)
            body = found if isinstance(found, bytes) else json.dumps(found).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = handle_any

        def log_message(self, *_) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    standin.api = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield standin
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
