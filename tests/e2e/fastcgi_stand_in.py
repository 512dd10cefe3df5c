"""A FastCGI server in place of the application: records requests and answers as a test sets."""
import socket
import struct

from connection_threads import serve_connections
from lib import Instance
from tap import until

BEGIN, END, PARAMS, STDIN, STDOUT = 1, 3, 4, 5, 6
# The header fields with which the authorizer accepts a credential.
PRINCIPAL = {
    "X-Polytask-User": "u-1",
    "X-Polytask-Tenant": "t-1",
    "X-Polytask-Rights": "read,write",
    "X-Polytask-Dialect": "virtshell",
}


def read_exactly(connection, size):
    data = b""
    while len(data) < size:
        chunk = connection.recv(size - len(data))
        if not chunk:
            raise EOFError
        data += chunk
    return data


def read_record(connection):
    _, kind, _, length, padding = struct.unpack(">BBHHBx", read_exactly(connection, 8))
    content = read_exactly(connection, length)
    read_exactly(connection, padding)
    return kind, content


def read_params(data):
    params, at = [], 0

    def length():
        nonlocal at
        first = data[at]
        size = 1 if first < 128 else 4
        value = first if size == 1 else struct.unpack(">I", data[at : at + 4])[0] & 0x7FFFFFFF
        at += size
        return value

    while at < len(data):
        name, value = length(), length()
        params.append(
            (
                data[at : at + name].decode("latin-1"),
                data[at + name : at + name + value].decode("latin-1"),
            )
        )
        at += name + value
    return params


class StandIn:
    """Listens on the application's socket. A test sets authorize(params) and answer(params, body),
    which return (status, headers, body), or None to close the connection without an answer.
    """

    def __init__(self, path):
        self.calls, self.requests = [], []
        self.authorize = lambda params: (204, PRINCIPAL, b"")
        self.answer = lambda params, body: (200, {"Content-Type": "application/json"}, b"{}")
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(64)
        serve_connections(self.listener, self._serve)

    def _serve(self, connection):
        try:
            while True:
                self._exchange(connection)
        except (EOFError, OSError):
            connection.close()

    def _exchange(self, connection):
        kind, begin = read_record(connection)
        params, body = b"", b""
        while True:
            kind, content = read_record(connection)
            if kind == PARAMS:
                params += content
            elif kind == STDIN:
                if not content:
                    break
                body += content
        params = read_params(params)
        named = dict(params)
        if named.get("POLYTASK_CALL") == "authorize":
            self.calls.append(params)
            reply = self.authorize(named)
        else:
            self.requests.append((params, body))
            reply = self.answer(named, body)
        if reply is None:
            raise EOFError
        status, headers, content = reply
        head = (
            f"Status: {status} X\r\n"
            + "".join(f"{n}: {v}\r\n" for n, v in headers.items())
            + "\r\n"
        )
        out = head.encode() + content
        connection.sendall(
            struct.pack(">BBHHBx", 1, STDOUT, 1, len(out), 0)
            + out
            + struct.pack(">BBHHBx", 1, STDOUT, 1, 0, 0)
            + struct.pack(">BBHHBx", 1, END, 1, 8, 0)
            + bytes(8)
        )
        if not begin[2] & 1:
            raise EOFError


def with_stand_in():
    instance = Instance(autostart=False, compared=False)
    instance.token, instance.key, instance.secret = (
        "pt_token-of-the-test",
        "key-1",
        "secret-of-the-test",
    )
    instance.write_nginx_conf({"READ_SOCKET": instance.socket})
    stand_in = StandIn(instance.socket)
    instance.start_nginx()
    until(instance.answers, 10)
    stand_in.calls.clear()
    stand_in.requests.clear()
    return instance, stand_in
