"""An HTTP server of files for tests of polytask-import, which writes what a test wants, byte by byte."""
import email.utils
import socket
import ssl
import time

from connection_threads import serve_connections

LAST_MODIFIED = "Wed, 01 Jan 2020 00:00:00 GMT"


class Request:
    def __init__(self, path, headers, connection):
        self.path = path
        self.headers = headers  # names in lower case
        self.connection = connection

    def send(self, data):
        self.connection.sendall(data)

    def respond(self, status, body=b"", **headers):
        """Writes a whole response; headers: content_length=..., a None leaves the field out."""
        fields = {"content_length": len(body), "connection": "close", **headers}
        lines = [f"HTTP/1.1 {status} x"]
        lines += [f"{n.replace('_', '-')}: {v}" for n, v in fields.items() if v is not None]
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def range_begin(self):
        """The first byte that is asked for; None without a range."""
        text = self.headers.get("range")
        return int(text.removeprefix("bytes=").split("-")[0]) if text else None


class FileServer:
    """Calls handlers[path](request) for each request, in a thread of its own; else 404."""

    def __init__(self, address="127.0.0.1", cert=None, key=None):
        self.handlers = {}
        self.requests = []
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.listener = socket.socket(family, socket.SOCK_STREAM)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((address, 0))
        self.listener.listen(64)
        self.port = self.listener.getsockname()[1]
        host = f"[{address}]" if ":" in address else address
        self.context = None
        if cert:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(cert, key)
        self.url = f"{'https' if cert else 'http'}://{host}:{self.port}"
        serve_connections(self.listener, self._serve)

    def on(self, path, handler):
        self.handlers[path] = handler
        return self.url + path

    def asked(self, path):
        return [request for request in self.requests if request.path == path]

    def _serve(self, connection):
        try:
            connection.settimeout(60)
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            self._answer(connection)
        except OSError:
            pass
        finally:
            connection.close()

    def _answer(self, connection):
        head = b""
        while b"\r\n\r\n" not in head:
            data = connection.recv(65536)
            if not data:
                return
            head += data
        lines = head.decode("latin-1").split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
        # Credentials and tags are compared as they were sent.
        for line in lines[1:]:
            name, _, value = line.partition(": ")
            if name.lower() in ("authorization", "if-range"):
                headers[name.lower()] = value
        request = Request(lines[0].split(" ")[1], headers, connection)
        self.requests.append(request)
        handler = self.handlers.get(request.path, lambda request: request.respond(404))
        handler(request)

    def close(self):
        self.listener.close()


def whole(body, **headers):
    """The body with 200, whatever range is asked for."""
    return lambda request: request.respond(200, body, **headers)


def status(number, **headers):
    return lambda request: request.respond(number, b"text", **headers)


def redirect(location, number=302):
    return lambda request: request.respond(number, b"elsewhere", location=location)


class Resumable:
    """A file that can be asked for in parts. Each of the first connections is cut after cuts[i] bytes."""

    def __init__(self, body, etag='"v1"', cuts=(), pause=0.0, modified=None):
        self.body, self.etag, self.cuts, self.pause = body, etag, list(cuts), pause
        self.modified = modified
        self.parts = []  # (first byte or None, If-Range)

    def __call__(self, request):
        begin = request.range_begin()
        condition = request.headers.get("if-range")
        self.parts.append((begin, condition))
        fields = {"date": email.utils.formatdate(usegmt=True)}
        if self.etag:
            fields["etag"] = self.etag
        if self.modified:
            fields["last_modified"] = self.modified
        if begin is None or condition not in (self.etag, self.modified):
            body, number = self.body, 200
        elif begin >= len(self.body):
            request.respond(416, content_range=f"bytes */{len(self.body)}", **fields)
            return
        else:
            body, number = self.body[begin:], 206
            end = f"{len(self.body) - 1}/{len(self.body)}"
            fields["content_range"] = f"bytes {begin}-{end}"
        sent = body[: self.cuts.pop(0)] if self.cuts else body
        request.respond(number, b"", **{**fields, "content_length": len(body)})
        for at in range(0, len(sent), 65536):
            request.send(sent[at : at + 65536])
            time.sleep(self.pause)
