"""Streams of events (GET /v1/events): memory, how soon all clients have an event, others' latency.

    python3 tests/bench/streams.py [--streams N] [--events N] [--seconds N] [--rounds N]
                                                                 (after make; needs wrk, nginx)

One worker answers everything; this process reads all streams. Prints the worker's anonymous memory
(smaps_rollup) without and with the streams; the time from the request that creates a task to its
event at each client; the latency of reading a task beside silent streams, beside streams with an
event a second, and of another service without streams, in turns; and how long a reload takes to end
all streams.
"""
import argparse
import selectors
import socket
import statistics
import sys
import threading
import time

from waiters import Service, anonymous_mb, compare, processor_seconds, read_response, request
from tap import until

HEAD = b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n"
GROUP = 250  # streams that are opened at once


class Streams:
    def __init__(self, port, count):
        self.selector = selectors.DefaultSelector()
        self.connections = []
        while len(self.connections) < count:
            group = [self.open(port) for _ in range(min(GROUP, count - len(self.connections)))]
            for connection in group:
                self.read_head(connection)
            self.connections += group

    def open(self, port):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.sendall(HEAD)
        return connection

    def read_head(self, connection):
        data = b""
        while b"\nid: " not in data or not data.endswith(b"\n\n\r\n"):
            data += connection.recv(4096) or b"closed"
            if not data.startswith(b"HTTP/1.1 200") or data.endswith(b"closed"):
                raise RuntimeError(data[:300])
        connection.setblocking(False)
        self.selector.register(connection, selectors.EVENT_READ)

    def collect(self, seconds=30):
        """The moments at which each client has got the event of a task."""
        moments, end = {}, time.monotonic() + seconds
        while len(moments) < len(self.connections) and time.monotonic() < end:
            for key, _ in self.selector.select(0.5):
                if b'data: {"id"' in key.fileobj.recv(65536):
                    moments[key.fd] = time.monotonic()
        return list(moments.values())

    def drain(self, stop):
        while not stop.is_set():
            for key, _ in self.selector.select(0.1):
                key.fileobj.recv(65536)

    def end(self, act):
        """The moments of the ends of all streams."""
        thread, moments = threading.Thread(target=act), []
        thread.start()
        while self.selector.get_map():
            for key, _ in self.selector.select(30):
                data = key.fileobj.recv(65536)
                if not data or data.endswith(b"0\r\n\r\n"):
                    moments.append(time.monotonic())
                    self.selector.unregister(key.fileobj)
        thread.join()
        return moments


def create(port):
    """The moment of the request that creates a task."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        began = time.monotonic()
        connection.sendall(request("POST", "/v1/tasks", "{}"))
        status, body = read_response(connection)
        if status != 201:
            raise RuntimeError(f"{status} {body[:200]}")
    return began


def one_event(port, streams):
    """Milliseconds until each client has the event of a creation, sorted."""
    began = []
    thread = threading.Thread(target=lambda: began.append(create(port)))
    thread.start()
    moments = streams.collect()
    thread.join()
    if len(moments) < len(streams.connections):
        raise RuntimeError(f"only {len(moments)} clients have the event")
    return sorted(1000 * (moment - began[0]) for moment in moments)


def events(port, streams, count, pid):
    runs, used = [], processor_seconds(pid)
    for _ in range(count):
        runs.append(one_event(port, streams))
        time.sleep(0.2)
    used = processor_seconds(pid) - used
    for name, place in (("first", 0), ("median", 0.5), ("p99", 0.99), ("last", 1)):
        values = [run[min(int(place * len(run)), len(run) - 1)] for run in runs]
        print(
            f"an event at the {name} client after {statistics.median(values):.1f} ms "
            f"(median of {count} events; most {max(values):.1f})"
        )
    micros = 1e6 * used / (count * len(streams.connections))
    print(f"processor time of the worker: {micros:.1f} us for each stream and event")


def beside(streams, port, alone, service, args, pause):
    """Reads a task while the streams are read, with an event every `pause` seconds; 0: none."""
    stop = threading.Event()

    def produce():
        while pause and not stop.wait(pause):
            create(port)

    threads = [threading.Thread(target=streams.drain, args=(stop,)), threading.Thread(target=produce)]
    for thread in threads:
        thread.start()
    compare(alone, service, args)
    stop.set()
    for thread in threads:
        thread.join()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--streams", type=int, default=5000)
    parser.add_argument("--events", type=int, default=10)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    alone, service = Service(), Service()
    pid = service.worker()["pid"]
    before = anonymous_mb(pid)
    streams = Streams(service.port, args.streams)
    if not until(lambda: service.worker()["streams"] >= args.streams, 30):
        raise RuntimeError(f"only {service.worker()['streams']} streams")
    after = anonymous_mb(pid)
    print(
        f"{args.streams} streams: {after:.1f} MiB anonymous, {before:.1f} without; "
        f"{1024 * (after - before) / args.streams:.2f} KiB for each"
    )
    used = processor_seconds(pid)
    time.sleep(2)
    print(f"processor time while they are silent: {50 * (processor_seconds(pid) - used):.1f} %")
    events(service.port, streams, args.events, pid)
    print(f"{anonymous_mb(pid):.1f} MiB anonymous after the events")
    print("beside silent streams:")
    beside(streams, service.port, alone, service, args, 0)
    print("beside streams with an event a second:")
    beside(streams, service.port, alone, service, args, 1)
    moments = streams.end(lambda: service.instance.ctl("reload"))
    milliseconds = 1000 * (moments[-1] - moments[0])
    print(f"a reload ends {len(moments)} streams within {milliseconds:.0f} ms")


if __name__ == "__main__":
    sys.exit(main())
