"""Sends malformed HTTP/1 and HTTP/2; the log shows which requests reached the application."""
import http.client
import json
import re
import socket
import ssl

from client import Answer, dechunk
from dialects import DIALECTS
from lib import Instance
from tap import until

try:
    import h2.config
    import h2.connection
    import h2.errors
    import h2.events
    import h2.exceptions
except ImportError:
    h2 = None

# Of the dialects, and of the token endpoint.
MEDIA = {dialect.media_type for dialect in DIALECTS.values()} | {"application/json; charset=utf-8"}


def format_fault(answer):
    """Why an answer is not a refusal in the format of one of the dialects, or None."""
    if not 400 <= answer.status < 500 and answer.status != 501:
        return f"status {answer.status}"
    if answer.headers.get("Content-Type") not in MEDIA:
        return f"media type {answer.headers.get('Content-Type')}"
    if not re.fullmatch("[0-9a-f]{32}", answer.headers.get("X-Request-Id", "")):
        return "no X-Request-Id"
    try:
        json.loads(answer.body or "{}")
    except ValueError:
        return "not JSON"
    return None


class Target(Instance):
    """An instance with one worker: its log has the requests in the order of their answers."""

    def __init__(self, **named):
        super().__init__({"workers": "1"}, **named)
        self.read = 0
        self.marker = self.connect()
        self.reached()

    def reached(self):
        """The log entries of the requests that reached the application since the last call.

        Leaves out the authorizer's: they have no dialect and status 204, 401 or 403.
        """
        answer = self.get("/tasks/status/none", connection=self.marker)
        mine = answer.headers["X-Request-Id"]
        lines = until(lambda: self._lines(mine), 10)
        self.read += sum(map(len, lines))
        entries = [json.loads(line) for line in lines if line.startswith(b"{")]
        return [
            entry
            for entry in entries
            if entry.get("event") == "request"
            and entry["id"] != mine
            and ("dialect" in entry or entry["status"] not in (204, 401, 403))
        ]

    def _lines(self, last):
        """The new lines of the log up to the line of a request, or None if it is not there yet."""
        with open(self.log_path, "rb") as log:
            log.seek(self.read)
            lines = log.readlines()
        for count, line in enumerate(lines):
            entry = json.loads(line) if line.startswith(b"{") and line.endswith(b"\n") else {}
            if entry.get("id") == last and "dialect" in entry:
                return lines[: count + 1]
        return None


# ---- HTTP/1 ----


def answers_in(data):
    """All complete answers in the bytes, and the rest."""
    found = []
    while data:
        head, end, rest = data.partition(b"\r\n\r\n")
        match = re.match(rb"HTTP/1\.[01] (\d{3})", head)
        if not end or not match:
            break
        headers = _headers(head)
        length = int(headers.get("Content-Length", 0))
        body = rest[:length]
        if headers.get("Transfer-Encoding") == "chunked":
            # No body here has a line break: these bytes are the last chunk.
            length = rest.find(b"0\r\n\r\n") + 5
            body = dechunk(rest[:length])
        if not length <= len(rest) or length == 4:
            break
        if match[1] != b"100":
            found.append(Answer(int(match[1]), headers, body))
        data = rest[length:]
    return found, data


def _headers(head):
    lines = [line.partition(": ") for line in head.decode("latin-1").split("\r\n")[1:]]
    return _message((name, value) for name, _, value in lines if name)


def _message(fields):
    """Header fields as those of http.client."""
    message = http.client.HTTPMessage()
    for name, value in fields:
        message[name] = value
    return message


def converse(instance, data, count):
    """Sends bytes, waits for count answers or the end; returns all answers and any other bytes."""
    got = b""
    context = ssl.create_default_context(cafile=instance.cert)
    context.set_alpn_protocols(["http/1.1"])
    with socket.create_connection(("127.0.0.1", instance.port), timeout=5) as plain:
        with context.wrap_socket(plain, server_hostname="localhost") as tls:
            try:
                tls.sendall(data)
                while len(answers_in(got)[0]) < count and (chunk := tls.recv(65536)):
                    got += chunk
                # Anything more arrives before the server closes.
                plain.shutdown(socket.SHUT_WR)
                while chunk := tls.recv(65536):
                    got += chunk
            except OSError:
                pass
    answers, rest = answers_in(got)
    for answer in answers:
        instance.answered("raw", "", answer)
    return answers, rest


# ---- HTTP/2 ----


def converse_http2(instance, headers, body=None, end=True):
    """Sends exactly these header fields over HTTP/2; an answer of status 0 means none arrived."""
    context = ssl.create_default_context(cafile=instance.cert)
    context.set_alpn_protocols(["h2"])
    loose = h2.config.H2Configuration(
        header_encoding="latin-1",
        validate_outbound_headers=False,
        normalize_outbound_headers=False,
        validate_inbound_headers=False,
    )
    connection = h2.connection.H2Connection(loose)
    with socket.create_connection(("127.0.0.1", instance.port), timeout=5) as plain:
        with context.wrap_socket(plain, server_hostname="localhost") as tls:
            connection.initiate_connection()
            connection.send_headers(1, headers, end_stream=end and body is None)
            if body is not None:
                connection.send_data(1, body, end_stream=end)
            try:
                tls.sendall(connection.data_to_send())
                return _receive_http2(connection, tls)
            except OSError:
                return Answer(0, _message(()), b"")


def _receive_http2(connection, tls):
    status, headers, body = 0, {}, b""
    while data := tls.recv(65536):
        for event in connection.receive_data(data):
            if isinstance(event, h2.events.ResponseReceived):
                headers = {name.title(): value for name, value in event.headers}
                status = int(headers.pop(":Status"))
            elif isinstance(event, h2.events.DataReceived):
                body += event.data
                connection.acknowledge_received_data(event.flow_controlled_length, 1)
            elif isinstance(
                event,
                (h2.events.StreamEnded, h2.events.StreamReset, h2.events.ConnectionTerminated),
            ):
                return Answer(status, _named(headers), body)
        tls.sendall(connection.data_to_send())
    return Answer(status, _named(headers), body)


def _named(headers):
    """Renames the header field to the spelling that HTTP/1 has here."""
    return _message(
        ("X-Request-Id" if n.lower() == "x-request-id" else n, v) for n, v in headers.items()
    )


def http2_fields(instance, method, path, *more):
    """The header fields of a well-formed request, followed by more."""
    return [
        (":method", method),
        (":scheme", "https"),
        (":authority", instance.host),
        (":path", path),
        *more,
    ]
