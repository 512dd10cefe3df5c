"""Requests to a worker of polytaskd over its FastCGI socket, without nginx, as one principal."""
import json
import socket
import struct

BEGIN, END, PARAMS, STDIN, STDOUT = 1, 3, 4, 5, 6
RESPONDER, KEEP = 1, 1
CONTENT_MAX = 0xFFF8
PRINCIPAL = {
    "REMOTE_USER": "tester",
    "POLYTASK_RIGHTS": "read,write",
    "POLYTASK_DIALECT": "*",
}


class Answer:
    def __init__(self, status, body):
        self.status, self.body = status, body

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.body[:300]!r}>"


def record(kind, content):
    return struct.pack(">BBHHBx", 1, kind, 1, len(content), 0) + content


def stream(kind, content):
    parts = [
        record(kind, content[at : at + CONTENT_MAX]) for at in range(0, len(content), CONTENT_MAX)
    ]
    return b"".join(parts) + record(kind, b"")


def pair(name, value):
    head = b""
    for text in (name, value):
        size = len(text)
        head += bytes([size]) if size < 128 else struct.pack(">I", size | 0x80000000)
    return head + name + value


class Connection:
    """One kept connection; request() raises OSError after which it must not be used again."""

    def __init__(self, path, timeout=20, tenant="demo"):
        self.principal = {**PRINCIPAL, "POLYTASK_TENANT": tenant}
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(path)
        self.buffer = b""

    def close(self):
        self.socket.close()

    def request(self, method, uri, body=None, headers=()):
        self.send(method, uri, body, headers)
        return self.receive()

    def send(self, method, uri, body=None, headers=()):
        content = b"" if body is None else json.dumps(body).encode()
        if body is not None:
            headers = {
                **dict(headers),
                "CONTENT_LENGTH": str(len(content)),
                "CONTENT_TYPE": "application/json",
            }
        self.begin(method, uri, headers, stream(STDIN, content))

    def begin(self, method, uri, headers=(), rest=b""):
        """Sends a request as far as its parameters, and `rest`."""
        params = {**self.principal, "REQUEST_METHOD": method, "REQUEST_URI": uri, **dict(headers)}
        pairs = b"".join(pair(name.encode(), value.encode()) for name, value in params.items())
        self.socket.sendall(
            record(BEGIN, struct.pack(">HB5x", RESPONDER, KEEP)) + stream(PARAMS, pairs) + rest
        )

    def receive(self):
        """The answer to what was sent. After a timeout it may be called again if no byte arrived."""
        out = []
        while True:
            _, kind, _, size, padding = struct.unpack(">BBHHBx", self._read(8))
            content = self._read(size)
            self._read(padding)
            if kind == STDOUT:
                out.append(content)
            elif kind == END:
                break
        head, _, body = b"".join(out).partition(b"\r\n\r\n")
        status = 200
        for line in head.decode("latin-1").split("\r\n"):
            name, _, value = line.partition(":")
            if name.lower() == "status":
                status = int(value.split()[0])
        return Answer(status, body)

    def _read(self, size):
        while len(self.buffer) < size:
            chunk = self.socket.recv(65536)
            if not chunk:
                raise ConnectionError("the connection was closed")
            self.buffer += chunk
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data
