"""Workers that wait for tasks (POST /v1/claims with wait): memory, others' latency, wake-up.

    python3 tests/bench/waiters.py [--waiters N] [--tasks N] [--seconds N] [--rounds N]
                                                                 (after make; needs wrk, nginx)

One worker answers everything. Prints its anonymous memory (smaps_rollup) without and with the
waiters; the latency of reading a task beside them and of another service without them, in turns;
the time from the request that creates a task to the response that gives it to a waiter; and how
long a reload takes to end the waits that are left.
"""
import argparse
import json
import multiprocessing
import os
import selectors
import socket
import statistics
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))
from lib import Instance
from site_load import Site, wrk
from tap import until

CREATORS = 2
FIGURES = ("rate", "p50", "p99")
# Without a heartbeat: the first lease is as long as the benchmark.
CLAIM = {"worker": "bench", "wait": 50, "lease_seconds": 600, "confirm_seconds": 600}
# Not ready: no waiter gets it.
LATER = '{"not_before":"2100-01-01T00:00:00Z"}'


def request(method, path, body=""):
    return (
        f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def read_response(connection):
    """Status and body of a response with a length."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            raise ConnectionError(data[:200])
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    if head.split(b" ", 2)[1] == b"204":
        return 204, b""
    chunked = b"chunked" in head.lower()
    while chunked and not body.endswith(b"0\r\n\r\n"):
        body += connection.recv(65536)
    if chunked:
        body = body[body.index(b"\r\n") + 2 :]
    return int(head.split(b" ", 2)[1]), body.rsplit(b"\r\n0\r\n", 1)[0] if chunked else body


class Waiters:
    def __init__(self, port, count):
        self.selector = selectors.DefaultSelector()
        claim = request("POST", "/v1/claims", json.dumps(CLAIM))
        for _ in range(count):
            connection = socket.create_connection(("127.0.0.1", port))
            connection.sendall(claim)
            self.selector.register(connection, selectors.EVENT_READ)

    def collect(self, count, seconds):
        """The moments of `count` responses, by the id of their task."""
        moments, end = {}, time.monotonic() + seconds
        while len(moments) < count and time.monotonic() < end:
            for key, _ in self.selector.select(0.5):
                now = time.monotonic()
                status, body = read_response(key.fileobj)
                self.selector.unregister(key.fileobj)
                if status != 200:
                    raise RuntimeError(f"{status} {body[:200]}")
                moments[json.loads(body)["claims"][0]["task"]["id"]] = now
        return moments

    def end(self, act):
        """The moments of the responses to all others, which get no task."""
        thread, moments = threading.Thread(target=act), []
        thread.start()
        while self.selector.get_map():
            for key, _ in self.selector.select(30):
                moments.append(time.monotonic())
                status, body = read_response(key.fileobj)
                self.selector.unregister(key.fileobj)
                if status != 204:
                    raise RuntimeError(f"{status} {body[:200]}")
        thread.join()
        return moments


def create(port, count, created):
    """Creates tasks one after the other; puts the moments of their requests by their ids."""
    moments = {}
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for _ in range(count):
        now = time.monotonic()
        connection.sendall(request("POST", "/v1/tasks", "{}"))
        status, body = read_response(connection)
        if status != 201:
            raise RuntimeError(f"{status} {body[:200]}")
        moments[json.loads(body)["id"]] = now
    created.put(moments)


def anonymous_mb(pid):
    with open(f"/proc/{pid}/smaps_rollup") as rollup:
        return sum(int(line.split()[1]) for line in rollup if line.startswith("Anonymous:")) / 1024


def processor_seconds(pid):
    with open(f"/proc/{pid}/stat") as stat:
        words = stat.read().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


class Service:
    """An instance with one worker, a site in front of it, and a task to read."""

    def __init__(self):
        self.instance = Instance({"workers": "1", "backlog": "4096"})
        with open(os.path.join(self.instance.dir, "log", "bench.log"), "ab") as log:
            site = Site(self.instance, "known", log)
        self.port = int(site.url.rsplit(":", 1)[1])
        if not until(self.connects, 10):
            raise RuntimeError("nginx does not start")
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            connection.sendall(request("POST", "/v1/tasks", LATER))
            task = json.loads(read_response(connection)[1])
        self.url = f"{site.url}/v1/tasks/{task['id']}"
        self.read(1)

    def connects(self):
        try:
            socket.create_connection(("127.0.0.1", self.port)).close()
            return True
        except OSError:
            return False

    def read(self, seconds):
        return wrk(self.url, seconds, connections=4)

    def worker(self):
        """Of the newest generation."""
        children = self.instance.status()["processes"]
        return [child for child in children if child["process"] == "worker 1"][-1]


def compare(alone, beside, args):
    """Reads a task without and with waiters, in turns."""
    results = {"without": [], "beside": []}
    for _ in range(args.rounds):
        results["without"].append(alone.read(args.seconds))
        results["beside"].append(beside.read(args.seconds))
    for name, runs in results.items():
        figures = [statistics.median(run[figure] for run in runs) for figure in FIGURES]
        errors = sum(run["errors"] for run in runs)
        print(
            f"reading a task {name}: {figures[0]:.0f}/s, p50 {figures[1]:.2f} ms, "
            f"p99 {figures[2]:.2f} ms, {errors} errors (medians of {args.rounds} runs)"
        )


def wake(port, waiters, count):
    created = multiprocessing.Queue()
    creators = [
        multiprocessing.Process(target=create, args=(port, count // CREATORS, created))
        for _ in range(CREATORS)
    ]
    for creator in creators:
        creator.start()
    answered = waiters.collect(count // CREATORS * CREATORS, 60)
    began = {}
    for _ in creators:
        began.update(created.get())
    delays = [1000 * (moment - began[task]) for task, moment in answered.items()]
    print(
        f"{len(answered)} of {len(began)} tasks given to waiters, from the creation's request: "
        f"median {statistics.median(delays):.1f} ms, "
        f"p99 {sorted(delays)[len(delays) * 99 // 100]:.1f}, most {max(delays):.1f}"
    )
    print(
        f"created in {1000 * (max(began.values()) - min(began.values())):.0f} ms, all given "
        f"{1000 * (max(answered.values()) - max(began.values())):.0f} ms after the last one"
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--waiters", type=int, default=5000)
    parser.add_argument("--tasks", type=int, default=2000)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    alone, beside = Service(), Service()
    pid = beside.worker()["pid"]
    before = anonymous_mb(pid)
    waiters = Waiters(beside.port, args.waiters)
    if not until(lambda: beside.worker()["parked"] >= args.waiters, 30):
        raise RuntimeError(f"only {beside.worker()['parked']} wait")
    after = anonymous_mb(pid)
    print(
        f"{args.waiters} waiters: {after:.1f} MiB anonymous, {before:.1f} without; "
        f"{1024 * (after - before) / args.waiters:.2f} KiB for each"
    )
    used = processor_seconds(pid)
    time.sleep(2)
    print(f"processor time while they wait: {50 * (processor_seconds(pid) - used):.1f} %")
    compare(alone, beside, args)
    wake(beside.port, waiters, min(args.tasks, args.waiters))
    print(f"{beside.worker()['parked']} still wait; {anonymous_mb(pid):.1f} MiB")
    moments = waiters.end(lambda: beside.instance.ctl("reload"))
    if moments:
        milliseconds = 1000 * (moments[-1] - moments[0])
        print(f"a reload ends {len(moments)} waits within {milliseconds:.0f} ms")


if __name__ == "__main__":
    main()
