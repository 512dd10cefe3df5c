"""Receivers of webhooks: an HTTP server that writes what a test wants, byte by byte."""
import json
import socket
import ssl
import threading
import time

from connection_threads import serve_connections


class Call:
    """One request that has arrived."""

    def __init__(self, method, target, headers, body, connection):
        self.at = time.time()
        self.method, self.target = method, target
        self.path = target.split("?")[0]
        self.headers = headers  # names in lower case
        self.body = body
        self.connection = connection

    @property
    def id(self):
        return self.headers.get("webhook-id")

    def json(self):
        return json.loads(self.body)

    def send(self, data):
        self.connection.sendall(data)

    def respond(self, status, body=b"", **headers):
        """Writes a whole response; headers: retry_after=..."""
        lines = [f"HTTP/1.1 {status} x", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


# ---- behaviours ----


def answers(*statuses, **headers):
    """These statuses one after the other, the last one from then on."""
    left = list(statuses)
    lock = threading.Lock()

    def behave(call):
        with lock:
            status = left.pop(0) if len(left) > 1 else left[0]
        call.respond(status, b"answer", **headers)

    return behave


def hangs(call):
    call.connection.settimeout(60)
    call.connection.recv(1)


def closes(call):
    call.connection.shutdown(socket.SHUT_RDWR)


def closes_within(call):
    call.send(b"HTTP/1.1 200 OK\r\nContent-")
    closes(call)


def _endless(call, data):
    call.connection.settimeout(60)
    while True:
        call.send(data)


def sends_endless_body(status):
    def behave(call):
        call.send(b"HTTP/1.1 %d x\r\nContent-Type: text/plain\r\n\r\n" % status)
        _endless(call, b"x" * 4096)

    return behave


def sends_endless_header(call):
    call.send(b"HTTP/1.1 200 OK\r\n")
    _endless(call, b"X-Field: " + b"y" * 1000 + b"\r\n")


def sends_endless_interim(call):
    _endless(call, b"HTTP/1.1 100 Continue\r\nX-Field: " + b"y" * 1000 + b"\r\n\r\n")


def drips(call):
    for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n":
        call.send(bytes([byte]))
        time.sleep(1)


def is_not_http(call):
    call.send(b"220 mail.example.com ESMTP\r\n")
    closes(call)


# ---- the server ----


class Receivers:
    """Calls behaviours[path](call) for each request, each connection in a thread; else 200."""

    def __init__(self, address="127.0.0.1", cert=None, key=None):
        self.behaviours = {}
        self.calls = []
        self.connections = 0
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.listener = socket.socket(family, socket.SOCK_STREAM)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((address, 0))
        self.listener.listen(256)
        self.port = self.listener.getsockname()[1]
        host = f"[{address}]" if ":" in address else address
        self.context = None
        if cert:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(cert, key)
        self.url = f"{'https' if cert else 'http'}://{host}:{self.port}"
        serve_connections(self.listener, self._serve)

    def on(self, path, behaviour):
        """The URL of a receiver that behaves like this."""
        self.behaviours[path] = behaviour
        return self.url + path

    def of(self, path):
        return [call for call in list(self.calls) if call.path == path]

    def close(self):
        self.listener.close()

    def _serve(self, connection):
        self.connections += 1
        try:
            connection.settimeout(60)
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            with connection, connection.makefile("rb") as stream:
                while self._serve_one(connection, stream):
                    pass
        except (OSError, ValueError):
            pass

    def _serve_one(self, connection, stream):
        line = stream.readline().decode("latin-1").split()
        if len(line) != 3:
            return False
        headers = {}
        while (field := stream.readline().decode("utf-8").strip()) != "":
            name, _, value = field.partition(":")
            headers[name.lower()] = value.strip()
        body = stream.read(int(headers.get("content-length", 0)))
        call = Call(line[0], line[1], headers, body, connection)
        self.calls.append(call)
        self.behaviours.get(call.path, answers(200))(call)
        return True
