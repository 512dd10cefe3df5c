"""Hundreds of clients that send or read slowly, or stop, while other clients are served."""
import concurrent.futures
import contextlib
import json
import os
import socket
import ssl

from dialects import virtshell
from lib import SANITIZED, WORKERS, Instance, run_tests
from tap import equal, note, ok, until

HANGING = 100  # of each kind
READERS = 120


def hang(instance, stack, data, buffer=None):
    """Opens a connection that sends data and nothing more; buffer: size of its receive buffer."""
    plain = stack.enter_context(contextlib.closing(socket.socket()))
    if buffer:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    plain.settimeout(10)
    plain.connect(("127.0.0.1", instance.port))
    tls = stack.enter_context(instance.tls.wrap_socket(plain, server_hostname="localhost"))
    tls.sendall(data)
    return tls


def head(instance, method="GET", path="/tasks"):
    return (
        f"{method} {virtshell.PREFIX}{path} HTTP/1.1\r\nHost: {instance.host}\r\n"
        f"Authorization: Bearer {instance.token}\r\n"
    ).encode()


def workers(instance):
    return [
        child
        for child in instance.status()["processes"]
        if child["process"].split()[0] in WORKERS
    ]


def total(instance, member):
    return sum(worker[member] for worker in workers(instance))


def serves(instance, name):
    """Checks that 16 other clients get all answers and that every worker serves some of them."""
    before = {worker["pid"]: worker["served"] for worker in workers(instance)}
    statuses, changes = [], []

    def client(_):
        connection = instance.connect(20)
        try:
            for _ in range(10):
                statuses.append(instance.get("/tasks/cancelled", connection=connection).status)
            # For the writer.
            answer = instance.native("DELETE", "/tasks/none", connection=connection)
            changes.append(answer.status)
        finally:
            connection.close()

    def all_workers_serve():
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            list(pool.map(client, range(16)))
        return all(worker["served"] > before[worker["pid"]] for worker in workers(instance))

    ok(until(all_workers_serve, 20), f"{name}: every worker serves requests", workers(instance))
    equal(set(statuses), {200}, f"{name}: all {len(statuses)} answers are 200")
    equal(set(changes), {404}, f"{name}: all {len(changes)} changes are answered")


def end_of(tls):
    """The bytes before the server closed the connection, or None if it did not close."""
    data = b""
    tls.settimeout(0.2)
    try:
        while chunk := tls.recv(65536):
            data += chunk
    except (TimeoutError, ssl.SSLWantReadError):
        return None
    except OSError:
        pass
    return data


def log_entries(instance):
    with open(os.path.join(instance.dir, "log", "nginx-access.log")) as log:
        return [json.loads(line) for line in log.read().splitlines()]


def senders():
    instance = Instance()
    serves(instance, "before")
    kinds = {
        "idle": b"",
        "slow header": head(instance)[:-9],
        "slow body": head(instance, "POST") + b'Content-Length: 100\r\n\r\n{"description": "half',
    }
    with contextlib.ExitStack() as stack:
        hanging = {
            kind: [hang(instance, stack, data) for _ in range(HANGING)]
            for kind, data in kinds.items()
        }
        serves(instance, f"beside {len(kinds) * HANGING} that hang")
        ok(
            total(instance, "connections") < HANGING and total(instance, "waiting") == 0,
            "stalled clients occupy no connection of a worker",
            workers(instance),
        )
        for kind, sockets in hanging.items():
            answers = [b""]

            def closed():
                answers[:] = [end_of(tls) for tls in sockets[:3]]
                return None not in answers

            ok(until(closed, 30, 1), f"{kind}: closed within 30 s", answers)
            equal(set(answers), {b""}, f"{kind}: without an answer")
    timeouts = [entry for entry in log_entries(instance) if entry["status"] == 408]
    equal(
        sorted({(entry["method"], entry["reason"]) for entry in timeouts}),
        [("GET", "WebServer"), ("POST", "WebServer")],
        "nginx's log has status 408",
    )
    equal(instance.tasks(), [], "an incomplete body creates no task")
    serves(instance, "afterwards")
    instance.stop("senders")


def resident(pid):
    """Private memory of a process in bytes, without the shared cache of the store."""
    with open(f"/proc/{pid}/statm") as statm:
        _, resident, shared, *_ = map(int, statm.read().split())
        return (resident - shared) * os.sysconf("SC_PAGE_SIZE")


def readers():
    """A list that its client does not read is not buffered in the worker."""
    instance = Instance(conf={"reader_seconds": "300"})
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: instance.create(description="long", log="x" * 8000), range(1000)))
    size = len(instance.get("/tasks", timeout=60).body)
    serves(instance, "before")
    pids = [worker["pid"] for worker in workers(instance)]
    before = sum(map(resident, pids))
    with contextlib.ExitStack() as stack:
        for _ in range(READERS):
            hang(instance, stack, head(instance) + b"\r\n", 4096)
        ok(
            until(lambda: total(instance, "waiting") == READERS, 20),
            f"{READERS} lists of {size} bytes are pending",
            workers(instance),
        )
        serves(instance, "beside slow readers")
        grown = sum(map(resident, pids)) - before
        # For each, one row and the buffers that built it; a sanitizer uses more memory.
        ok(
            SANITIZED or grown < READERS * size / 8,
            "the workers' memory grows by less than an eighth of the lists",
            grown,
        )
        note(f"{grown} bytes more in the workers")
        ok(
            until(lambda: total(instance, "waiting") == 0, 60, 0.5),
            "stalled readers are disconnected within 60 s",
            workers(instance),
        )
    equal(
        [worker["pid"] for worker in workers(instance)], pids, "the workers are the same processes"
    )
    instance.stop("readers")


run_tests(senders, readers)
