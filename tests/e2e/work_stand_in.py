"""A stand-in for the service that `polytaskctl work` asks, with any answers."""
import http.server
import json
import os
import threading
import time

from processes import free_port, make_directory
from work_command import Work

TASK = "018f2f6e-7c3a-7b21-9d55-3f0b8a1c2d3e"
CLAIM = {
    "token": "0000000212345678",
    "attempt": 1,
    "lease_expires_at": "2100-01-01T00:00:00.000Z",
    "task": {"id": TASK, "dialect": "native", "kind": None, "fields": {}},
}
CLAIMS = {"claims": [CLAIM], "drain": False}
BEAT = {"lease_expires_at": "2100-01-01T00:00:00.000Z", "cancel": False, "drain": False}


class StandIn:
    """A server on the loopback address; answers is called with each request's path and body."""

    def __init__(self, answers):
        self.requests, self.times = [], []
        self.dir, self.cert = make_directory("polytask-"), ""
        os.mkdir(os.path.join(self.dir, "log"))
        self.token, self.port = "stand-in-token", free_port()
        stand_in = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                stand_in.requests.append((self.path, json.loads(body or b"null"), self.headers))
                stand_in.times.append((self.path, time.monotonic()))
                try:
                    answers(self)
                except OSError:
                    pass

            do_POST = do_PATCH = do_GET = answer

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def work(self, *options, command=("true",), host="127.0.0.1", **named):
        url = f"http://{host}:{self.port}"
        return Work(self, options, command and list(command), url=url, **named)

    def paths(self):
        return [path.rsplit("/", 1)[-1] for path, _, _ in self.requests]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def send(handler, status, body=b"", **headers):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    handler.send_response_only(status)
    headers = {"Date": handler.date_time_string(), **headers}
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def accept(handler):
    send(handler, 200, {})


def service(report, beats=None, claims=None):
    """A service with one task, whose last report is answered by this function."""
    given = []

    def answers(handler):
        if handler.path.endswith("/claims"):
            if given:
                send(handler, 204)
            else:
                given.append(True)
                send(handler, 200, {"claims": claims or [CLAIM], "drain": False})
        elif handler.path.endswith("/heartbeat"):
            send(handler, 200, BEAT) if beats is None else beats(handler)
        else:
            report(handler)

    return StandIn(answers)
