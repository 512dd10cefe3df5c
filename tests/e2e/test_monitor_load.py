"""The monitor under attack and load: slow clients, pipelines, reloads, more tenants than it names."""
import functools
import json
import os
import signal
import socket
import threading
import time
import uuid

from claims_client import create
from lib import SANITIZED, Instance, run_tests
from processes import child_pids, free_port, kill
from scrape import Metrics, fetch
from tap import equal, note, ok, skip, until

PORT = free_port()
ADDRESS = f"127.0.0.1:{PORT}"
CONNECTIONS = 32  # of the monitor at the same time
TENANTS = 200  # that have time series of their own
CROWDED_SECONDS = 2
REQUEST_SECONDS = 20
# AddressSanitizer keeps freed memory.
ACCEPTABLE_KB = 1000000 if SANITIZED else 40000


@functools.cache
def shared():
    return Instance(conf={"monitor": ADDRESS, "workers": "2"}, expect=("exit", "stuck", "orphans"))


def process(name):
    found = [p["pid"] for p in shared().status()["processes"] if p["process"] == name]
    return found[0] if found else None


def memory():
    """KB of the monitor."""
    with open(f"/proc/{process('monitor')}/status") as status:
        return [int(line.split()[1]) for line in status if line.startswith("VmRSS:")][0]


def answers(seconds):
    try:
        return fetch(ADDRESS, "/livez", timeout=seconds)[0] == 200
    except OSError:
        return False


def connect(count, receive=None):
    connections = []
    for _ in range(count):
        connection = socket.socket()
        if receive:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
        connection.settimeout(5)
        connection.connect(("127.0.0.1", PORT))
        connection.setblocking(False)
        connections.append(connection)
    return connections


def each(connections, action):
    """Ignores those that were closed, or not accepted yet."""
    for connection in connections:
        try:
            action(connection)
        except OSError:
            pass


def slow_senders():
    """Each makes progress, so only the limit of a request ends them."""
    pid = process("monitor")
    begun = time.monotonic()
    senders = connect(CONNECTIONS + 8)
    each(senders, lambda sender: sender.send(b"GET /livez HTTP/1.1\r\nX: "))

    def is_answered():
        each(senders, lambda sender: sender.send(b"x"))
        return answers(1)

    ok(until(is_answered, 20), "probes are answered beside slow senders")
    took = time.monotonic() - begun
    ok(took < 10, f"within {CROWDED_SECONDS} seconds, and some more on a busy machine", took)
    each(senders, socket.socket.close)
    equal(process("monitor"), pid, "the monitor is the same process")


def one_slow_sender():
    """It may take its time, but not without an end."""
    sender = connect(1)[0]
    sender.send(b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ")
    begun = time.monotonic()

    def is_closed():
        try:
            sender.send(b"x")
            return sender.recv(100) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True

    ok(until(is_closed, REQUEST_SECONDS + 10, 0.5), "a request without an end is ended")
    took = time.monotonic() - begun
    ok(REQUEST_SECONDS - 3 <= took, f"after {REQUEST_SECONDS} seconds", took)


def slow_readers():
    """They ask for more than the buffers of their connections hold, and read little of it."""
    readers = connect(CONNECTIONS + 8, receive=2048)
    each(readers, lambda reader: reader.send(b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 200))

    def is_answered():
        each(readers, lambda reader: reader.recv(256))
        return answers(1)

    ok(until(is_answered, 30), "probes are answered beside slow readers")
    ok(memory() < ACCEPTABLE_KB, "the memory of the monitor", memory())
    each(readers, socket.socket.close)


def pipelined_requests():
    begun = time.monotonic()
    with socket.create_connection(("127.0.0.1", PORT), timeout=20) as connection:
        request = b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        connection.sendall((request + b"\r\n") * 99 + request + b"Connection: close\r\n\r\n")
        answer = b""
        while part := connection.recv(65536):
            answer += part
    equal(answer.count(b"HTTP/1.1 200 "), 100, "pipelined requests are answered, one by one")
    took = time.monotonic() - begun
    ok(took < 10, "without a wait between them", took)


def reloads():
    """Both generations of the monitor have the socket: no scrape fails."""
    stopped, failed, count = threading.Event(), [], [0]
    shared()

    def scrape():
        while not stopped.is_set():
            try:
                page = fetch(ADDRESS, "/metrics")
                count[0] += page[0] == 200
            except OSError as error:
                failed.append(repr(error))

    threads = [threading.Thread(target=scrape) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(3):
            equal(shared().ctl_run("reload").returncode, 0, "reload")
            time.sleep(0.5)
    finally:
        stopped.set()
        for thread in threads:
            thread.join()
    note(f"{count[0]} scrapes")
    ok(count[0] > 20, "scrapes during reloads", count[0])
    equal(failed, [], "none failed")


def a_request_that_has_begun():
    """A monitor that ends has two seconds for it."""
    before = process("monitor")
    with socket.create_connection(("127.0.0.1", PORT), timeout=20) as connection:
        connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        time.sleep(0.1)
        kill(before, signal.SIGTERM)
        time.sleep(0.2)
        connection.sendall(b"\r\n")
        answer = b""
        while part := connection.recv(65536):
            answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    ok(b"Content-Length: %d" % len(body) in head.split(b"\r\n"), "a monitor that ends answers what was begun", head)
    ok(until(lambda: process("monitor") not in (None, before), 30), "and is replaced")


def many_tenants():
    """The largest have time series, the others one sum; no task is left out."""
    create(shared(), kind="seed")
    rows = [json.loads(line) for line in shared().ctl("export").splitlines()]
    seed = next(row for row in rows if "tenant" in row and "id" in row)
    lines = [json.dumps(row) for row in rows if "tenant" not in row or "id" not in row]
    tenants = [f"t-{i:03}" for i in range(TENANTS + 49)]
    # Those with a higher number have more tasks.
    for i, tenant in enumerate(tenants):
        for _ in range(1 + (i >= 60)):
            lines.insert(-1, json.dumps({**seed, "tenant": tenant, "id": str(uuid.uuid4())}))
    done = shared().ctl_run("import", "--new-tenants", "--partial", stdin="\n".join(lines) + "\n")
    equal((done.returncode, done.stderr), (0, ""), "tasks of many tenants are imported")
    total = sum(1 + (i >= 60) for i in range(len(tenants))) + 1

    def has_come():
        page = Metrics(ADDRESS)
        return page.sum("tenant_tasks") == total == page.sum("tasks")

    ok(until(has_come, 40, 0.5), "all tasks are counted")
    page = Metrics(ADDRESS)
    named = {dict(labels)["tenant"] for name, labels in page.samples if name == "polytask_tenant_tasks"}
    equal(len(named), TENANTS + 1, "tenants with time series, and the empty name of the others")
    equal(page.sum("other_tenants"), len(tenants) + 1 - TENANTS, "the number of others")
    others = page.sum("tasks", tenant="", dialect="native", state="pending")
    equal(others, page.sum("tenant_tasks", tenant=""), "the others have one row of states")
    equal(page.sum("tasks_ready", tenant=""), others, "and of ready tasks")
    ok(set(tenants[60:]) <= named, "the largest are named")
    stray = {name for name, labels in page.samples if dict(labels).get("tenant", "") not in named | {""}}
    equal(stray, set(), "no other family names more")
    begun = time.monotonic()
    for _ in range(10):
        page = Metrics(ADDRESS)
    took = (time.monotonic() - begun) / 10
    note(f"{len(page.samples)} samples, {len(page.text) // 1000} KB, {took * 1000:.0f} ms with their parsing")
    ok(len(page.samples) < 5000, "the number of samples", len(page.samples))
    ok(memory() < ACCEPTABLE_KB, "the memory of the monitor", memory())


def a_stopped_monitor():
    before = process("monitor")
    os.kill(before, signal.SIGSTOP)
    ok(until(lambda: process("monitor") not in (None, before), 30), "a stopped monitor is replaced")
    ok(until(lambda: answers(2), 30), "and answers")


def a_killed_supervisor():
    """The monitor ends with the service, so that the next one can have the address."""
    instance = shared()
    monitor = process("monitor")
    others = child_pids(instance.daemon.pid)
    instance.daemon.kill()
    instance.daemon.wait()
    ok(until(lambda: not os.path.exists(f"/proc/{monitor}"), 20), "the monitor ends")
    until(lambda: not any(kill(pid, 0) for pid in others), 20)
    instance.start()
    ok(until(lambda: answers(2), 30), "the address is free for the next one")


def a_mapped_address():
    """[::ffff:127.0.0.1] is a loopback address, too: it refuses names of hosts."""
    try:
        with socket.socket(socket.AF_INET6) as mapped:
            mapped.bind(("::ffff:127.0.0.1", 0))
    except OSError as error:
        skip("a mapped address", error)
        return
    port = free_port()
    instance = Instance(conf={"monitor": f"[::ffff:127.0.0.1]:{port}", "workers": "1"})
    for host, want in (("rebound.example", 421), (f"[::ffff:127.0.0.1]:{port}", 200)):
        equal(fetch(f"127.0.0.1:{port}", "/livez", headers={"Host": host})[0], want, f"{host}: {want}")
    instance.stop("mapped address")


def end():
    shared().stop("shared")


run_tests(
    slow_senders,
    one_slow_sender,
    slow_readers,
    pipelined_requests,
    reloads,
    a_request_that_has_begun,
    many_tenants,
    a_stopped_monitor,
    a_killed_supervisor,
    a_mapped_address,
    end,
)
