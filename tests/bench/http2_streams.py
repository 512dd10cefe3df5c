"""HTTP/2 clients that take no response, without TLS.

    http2_streams.py unread|reset PORT PATH CONNECTIONS STREAMS [NAME: VALUE]...

    unread   every connection keeps STREAMS requests open and grants no bytes for their responses
    reset    every connection sends STREAMS requests at a time, and resets each of them at once

Each connection has an address of its own, 127.0.1.N, so that nginx counts it as a network. Runs
until it is terminated; then it prints the number of requests.
"""
import selectors
import signal
import socket
import struct
import sys

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
# RFC 9113, sections 6 and 7.
DATA, HEADERS, RST_STREAM, SETTINGS = 0, 1, 3, 4
ACK = END_STREAM = 1
END_HEADERS = 4
INITIAL_WINDOW_SIZE = 4
CANCEL = 8
STREAMS_OF_A_CONNECTION = 50000  # nginx closes it after keepalive_requests


def frame(kind, flags, stream, payload):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def field(name, value):
    """A literal header field without indexing (RFC 7541, section 6.2.2)."""
    assert len(name) < 127 and len(value) < 127
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


def header_block(port, path, fields):
    block = field(b":method", b"GET") + field(b":scheme", b"http")
    block += field(b":authority", b"127.0.0.1:%d" % port) + field(b":path", path.encode())
    for line in fields:
        name, _, value = line.partition(": ")
        block += field(name.lower().encode(), value.encode())
    return block


class Connection:
    def __init__(self, number, port, block, streams, reset):
        self.number, self.port, self.block = number, port, block
        self.streams, self.reset = streams, reset
        self.requests = 0
        self.open()

    def open(self):
        self.socket = socket.socket()
        self.socket.bind((f"127.0.1.{self.number + 1}", 0))
        self.socket.connect(("127.0.0.1", self.port))
        self.socket.setblocking(False)
        window = struct.pack(">HI", INITIAL_WINDOW_SIZE, 0)
        self.output = PREFACE + frame(SETTINGS, 0, 0, window) + frame(SETTINGS, ACK, 0, b"")
        self.input = b""
        self.next_stream, self.opened = 1, 0

    def request(self):
        stream, self.next_stream = self.next_stream, self.next_stream + 2
        self.output += frame(HEADERS, END_STREAM | END_HEADERS, stream, self.block)
        if self.reset:
            self.output += frame(RST_STREAM, 0, stream, struct.pack(">I", CANCEL))
        else:
            self.opened += 1
        self.requests += 1

    def write(self):
        if not self.output:
            count = self.streams if self.reset else self.streams - self.opened
            for _ in range(count):
                self.request()
        if self.output:
            self.output = self.output[self.socket.send(self.output) :]

    def read(self):
        """Takes the frames that have arrived. Returns False at the end of the connection."""
        data = self.socket.recv(65536)
        self.input += data
        while len(self.input) >= 9:
            size = int.from_bytes(self.input[:3], "big")
            if len(self.input) < 9 + size:
                break
            kind, flags = self.input[3], self.input[4]
            if kind == RST_STREAM or (kind in (DATA, HEADERS) and flags & END_STREAM):
                self.opened -= 1
            self.input = self.input[9 + size :]
        return bool(data) and self.next_stream < 2 * STREAMS_OF_A_CONNECTION

    def wants_to_write(self):
        return self.output or self.reset or self.opened < self.streams

    def handle(self, events):
        try:
            if events & selectors.EVENT_READ and not self.read():
                raise ConnectionError
            if events & selectors.EVENT_WRITE:
                self.write()
        except BlockingIOError:
            pass
        except OSError:
            self.socket.close()
            self.open()


def main():
    kind, port, path, connections, streams = sys.argv[1:6]
    block = header_block(int(port), path, sys.argv[6:])
    peers = [
        Connection(number, int(port), block, int(streams), kind == "reset")
        for number in range(int(connections))
    ]
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    try:
        while True:
            with selectors.DefaultSelector() as selector:
                for peer in peers:
                    writes = selectors.EVENT_WRITE if peer.wants_to_write() else 0
                    selector.register(peer.socket, selectors.EVENT_READ | writes, peer)
                ready = selector.select(0.1)
            for key, events in ready:
                key.data.handle(events)
    finally:
        print(sum(peer.requests for peer in peers), "requests")


main()
