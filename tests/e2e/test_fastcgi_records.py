"""FastCGI records that no web server sends: they end their connection, and nothing else."""
import os
import random
import socket
import struct
import time

from lib import Instance, run_tests
from tap import equal, note, ok, until

BEGIN, ABORT, END, PARAMS, STDIN, DATA, GET_VALUES = 1, 2, 3, 4, 5, 8, 9
PAIRS = (
    ("REQUEST_METHOD", "POST"),
    ("REQUEST_URI", "/v1/tasks"),
    ("REMOTE_USER", "00000000-0000-7000-8000-000000000001"),
    ("POLYTASK_CALL", "request"),
    ("POLYTASK_TENANT", "demo"),
    ("POLYTASK_RIGHTS", "read,write"),
    ("POLYTASK_DIALECT", "*"),
    ("CONTENT_TYPE", "application/json"),
    ("CONTENT_LENGTH", "2"),
)
SECONDS = 20
REFUSED = "record-refused"


def record(kind, content=b"", request=1, version=1, padding=0):
    return (
        struct.pack(">BBHHBx", version, kind, request, len(content), padding)
        + content
        + bytes(padding)
    )


def pair(name, value):
    def length(text):
        return bytes([len(text)]) if len(text) < 128 else struct.pack(">I", len(text) | 1 << 31)

    return length(name) + length(value) + name.encode() + value.encode()


def begin(role=1, flags=1, **header):
    return record(BEGIN, struct.pack(">HB5x", role, flags), **header)


PAIRS_TEXT = b"".join(pair(*row) for row in PAIRS)
HEAD = begin() + record(PARAMS, PAIRS_TEXT) + record(PARAMS)
BODY = record(STDIN, b"{}") + record(STDIN)
HUGE = b"\xff\xff\xff\xf0"
# Each of them is refused at its first wrong record.
REFUSALS = {
    "padding of BEGIN_REQUEST": begin(padding=3),
    "padding of the end of the parameters": HEAD[:-8] + record(PARAMS, padding=8) + BODY,
    "padding of the end of the body": HEAD + BODY[:-8] + record(STDIN, padding=8),
    "another version": record(BEGIN, bytes(8), version=2),
    "request 0": begin(request=0),
    "BEGIN_REQUEST without a body": record(BEGIN),
    "BEGIN_REQUEST that is too long": record(BEGIN, bytes(16)),
    "no BEGIN_REQUEST": record(PARAMS, PAIRS_TEXT),
    "two BEGIN_REQUEST": begin() + begin(),
    "BEGIN_REQUEST of a second request": begin() + begin(request=2),
    "BEGIN_REQUEST between the parameters": begin() + record(PARAMS, PAIRS_TEXT) + begin(),
    "BEGIN_REQUEST in the body": HEAD + record(STDIN, b"{") + begin(),
    "ABORT_REQUEST": begin() + record(ABORT),
    "ABORT_REQUEST in the body": HEAD + record(ABORT),
    "END_REQUEST": begin() + record(END, bytes(8)),
    "a record of another request": begin() + record(PARAMS, PAIRS_TEXT, request=2),
    "a body of another request": HEAD + record(STDIN, b"{}", request=2),
    "STDIN without parameters": begin() + record(STDIN, b"{}"),
    "PARAMS after their end": HEAD + record(PARAMS, PAIRS_TEXT),
    "DATA after STDIN": HEAD + BODY + record(DATA, b"x"),
    "a second request at once": HEAD + BODY + HEAD + BODY,
    "an unknown type": begin() + record(77, b"x"),
    "GET_VALUES": record(GET_VALUES, pair("FCGI_MAX_CONNS", ""), request=0),
    "GET_VALUES with repeated names": begin()
    + record(GET_VALUES, pair("FCGI_MPXS_CONNS", "") * 40, request=0),
    "GET_VALUES in the body": HEAD + record(GET_VALUES, pair("FCGI_MAX_REQS", "") * 40, request=0),
    "a management record of an unknown type": record(99, request=0),
    "a name of 2 GiB": begin() + record(PARAMS, HUGE + b"\0"),
    "a value of 2 GiB": begin() + record(PARAMS, b"\1" + HUGE + b"A"),
    "both of 2 GiB": begin() + record(PARAMS, HUGE + HUGE),
    "a value of 64 KiB": begin() + record(PARAMS, b"\1\x80\1\0\0A"),
    "a cut length": begin() + record(PARAMS, b"\1\x80\0") + record(PARAMS),
    "a cut pair": begin() + record(PARAMS, PAIRS_TEXT[:-1]) + record(PARAMS),
    "parameters above 64 KiB": begin() + 2 * record(PARAMS, pair("A", "v" * 40000)),
}


class Peer:
    """A connection as the web server makes them."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(SECONDS)
        self.socket.connect(path)

    def send(self, data, last=False):
        """Sends as much as the service takes."""
        try:
            self.socket.sendall(data)
            if last:
                self.socket.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def receive(self):
        """All records up to the end of the response or of the connection; None: neither came."""
        data = b""
        try:
            while b"\1\3\0\1\0\10" not in data:
                got = self.socket.recv(65536)
                if not got:
                    break
                data += got
        except ConnectionResetError:
            pass
        except TimeoutError:
            return None
        return data

    def close(self):
        self.socket.close()


def statuses(peers):
    """One request on each connection."""
    found = []
    for peer in peers:
        peer.send(HEAD + BODY)
        found.append((peer.receive() or b"")[8:19])
    return found


def open_instance():
    instance = Instance(expect=(REFUSED,))
    sockets = [instance.socket, instance.socket + ".read"]
    return instance, sockets, [Peer(path) for path in sockets], instance.workers()


def end(instance, kept, workers, name):
    answers = statuses(kept)
    equal(answers, [b"Status: 201"] * len(kept), f"{name}: kept connections are answered")
    equal(instance.workers(), workers, f"{name}: the workers are the same")
    equal(instance.get("/tasks/cancelled").status, 200, f"{name}: the web server is served")
    for peer in kept:
        peer.close()
    instance.stop(name)


def refused_records():
    instance, sockets, kept, workers = open_instance()
    equal(statuses(kept), [b"Status: 201"] * len(kept), "a correct request: 201")
    for name, data in REFUSALS.items():
        answers = []
        for path in sockets:
            peer = Peer(path)
            peer.send(data)
            answers.append(peer.receive())
            peer.close()
        equal(answers, [b""] * len(sockets), f"{name}: the connection is closed")
    ok(until(lambda: instance.events(REFUSED), 5), f"the log has {REFUSED}")
    end(instance, kept, workers, "refused records")


def accepted_records():
    """Records may have padding and be cut anywhere, and the empty value is one."""
    instance, sockets, kept, workers = open_instance()
    data = begin() + b"".join(
        record(PARAMS, PAIRS_TEXT[at : at + 7], padding=at % 256)
        for at in range(0, len(PAIRS_TEXT), 7)
    )
    data += record(PARAMS, pair("", "") + pair("HTTP_X_A", "v" * 200)) + record(PARAMS)
    data += record(STDIN, b"{", padding=255) + record(STDIN, b"}") + record(STDIN)
    for path in sockets:
        peer = Peer(path)
        for at in range(0, len(data), 333):
            peer.send(data[at : at + 333])
        equal((peer.receive() or b"")[8:19], b"Status: 201", "padding and small records: 201")
        peer.close()
    end(instance, kept, workers, "accepted records")


def mutate(draw, data):
    """One to four changes of bytes, ranges or records."""
    data = bytearray(data)
    for _ in range(draw.randint(1, 4)):
        at = draw.randrange(len(data))
        change = draw.randrange(5)
        if change == 0:
            data[at] = draw.choice((0, 1, 2, 4, 5, 9, 127, 128, 255, draw.randrange(256)))
        elif change == 1:
            del data[at : at + draw.randint(1, 20)]
        elif change == 2:
            data[at:at] = bytes(data[max(0, at - draw.randint(1, 60)) : at])
        elif change == 3:
            data[at : at + 4] = draw.choice((HUGE, b"\x80\0\0\0", b"\x80\0\xff\xff", b"\1\1\0\1"))
        else:
            data = data[: at + 1]
        if not data:
            data = bytearray(b"\1")
    return bytes(data)


def mutated_requests():
    instance, sockets, kept, workers = open_instance()
    seed = int(os.environ.get("POLYTASK_RECORDS", random.randrange(1 << 30)))
    note(f"POLYTASK_RECORDS={seed}")
    draw = random.Random(seed)
    silent = 0
    for _ in range(400):
        peer = Peer(draw.choice(sockets))
        peer.send(mutate(draw, HEAD + BODY), last=True)
        silent += peer.receive() is None
        peer.close()
    equal(silent, 0, "every mutated request is answered or its connection closed")
    end(instance, kept, workers, "mutated requests")


def paused_requests():
    """A pause within a request ends its connection; a byte at a time does not prolong it."""
    instance, sockets, kept, workers = open_instance()
    incomplete = [Peer(path) for path in sockets for _ in range(12)]
    for peer in incomplete:
        peer.send(begin()[:5])
    equal([peer.receive() for peer in incomplete], [b""] * len(incomplete), "pauses: closed")
    slow = Peer(instance.socket)
    began = time.monotonic()
    for at in range(10 * SECONDS):
        try:
            slow.socket.sendall(HEAD[at : at + 1])
        except OSError:
            break
        time.sleep(0.1)
    ok(time.monotonic() - began < SECONDS, "a byte at a time: closed")
    for peer in incomplete + [slow]:
        peer.close()
    end(instance, kept, workers, "paused requests")


run_tests(refused_records, accepted_records, mutated_requests, paused_requests)
