"""Idle clients of the control socket do not keep polytaskctl out, whatever they wait for, and are told
why they are disconnected.
"""
import os
import socket
import subprocess
import time

from lib import POLYTASKCTL, Instance, run_tests
from tap import equal, ok, skip, until

IDLE = 40
IMPORT = b'{"verb":["import"],"args":{}}\n'
# Only one export of a moment runs at a time.
EXPORT = b'{"verb":["export"],"args":{"salvage":"yes"}}\n'
NO_REQUEST = "no request arrived, and newer clients need the place"
DISPLACED = "the command ended because it waited for its client, and newer commands need its place"
# A leak check stops a process that exits, and many exit at once.
PATIENT = {"stuck_seconds": "60"}
SECONDS = 20  # a command beside idle clients takes at most this long; alone it takes 0.1 s


def connect(instance, request=b""):
    client = socket.socket(socket.AF_UNIX)
    client.connect(instance.conf["control"])
    client.settimeout(30)
    client.sendall(request)
    return client


def response(client):
    parts = []
    try:
        while part := client.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts).decode()


def operators(instance):
    return sum(child["process"] == "operator" for child in instance.status()["processes"])


def check_commands(instance, name, user):
    for words in (("status",), ("user", "add", user, "--tenant", "demo"), ("user", "list")):
        begun = time.monotonic()
        done = instance.ctl_run(*words)
        seconds = time.monotonic() - begun
        ok(
            done.returncode == 0 and seconds < SECONDS,
            f"{name}: {' '.join(words[:2])} is answered",
            (done, seconds),
        )


def make_long_export(instance):
    for _ in range(10):
        answer = instance.native("POST", "/tasks", {"fields": {"note": "x" * 200000}})
        if answer.status != 201:
            raise RuntimeError(str(answer))


def idle_clients():
    """40 clients that send nothing, half a line, no input, half an input, or read no output."""
    instance = Instance(conf=PATIENT)
    make_long_export(instance)
    for name, request, reason in (
        ("no request", b"", NO_REQUEST),
        ("half a request", b'{"verb":["imp', NO_REQUEST),
        ("no input", IMPORT, DISPLACED),
        ("half an input", IMPORT + b'{"export":', DISPLACED),
        ("unread output", EXPORT, DISPLACED),
    ):
        first = [connect(instance, request) for _ in range(IDLE)]
        check_commands(instance, f"{IDLE} clients with {name}", "user-" + name.replace(" ", "-"))
        # With the first ones these are more than the places.
        second = [connect(instance, request) for _ in range(IDLE)]
        check_commands(instance, f"{2 * IDLE} clients with {name}", "more-" + name.replace(" ", "-"))
        equal(
            response(first[0]).splitlines()[-2:],
            ["e " + reason, "x 75" if reason == NO_REQUEST else "x 1"],
            f"{name}: a newer client displaces the oldest one, with a reason",
        )
        for client in first + second:
            client.close()
        ok(
            until(lambda: operators(instance) == 0, 20),
            f"{name}: disconnected clients leave no process",
            instance.status(),
        )
    equal(instance.ctl_run("reload").returncode, 0, "a reload after idle clients")
    instance.verify("idle clients")
    instance.stop("idle clients")


def displaced_commands():
    """polytaskctl that waits for its own input, or whose output is not read, says why it ended."""
    instance = Instance(conf=PATIENT)
    make_long_export(instance)
    for words in (("import",), ("export",)):
        waiting = subprocess.Popen(
            [POLYTASKCTL, "-c", os.path.join(instance.dir, "polytask.conf"), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        ok(until(lambda: operators(instance) == 1, 20), f"{words[0]}: has begun")
        clients = [connect(instance, IMPORT) for _ in range(IDLE)]
        ok(
            until(lambda: instance.ctl_run("user", "list").returncode == 0, 20),
            f"{words[0]}: others are answered",
        )
        text = waiting.communicate(timeout=60)[1] if words[0] == "export" else None
        if text is None:
            waiting.wait(60)
            text = waiting.stderr.read()
        equal(waiting.returncode, 1, f"{words[0]}: exit status of the displaced command")
        equal(
            text.splitlines()[-1:],
            ["polytaskctl: " + DISPLACED],
            f"{words[0]}: the displaced command says why",
        )
        waiting.stdin.close()
        for client in clients:
            client.close()
        until(lambda: operators(instance) == 0, 20)
    instance.stop("displaced commands")


def stopping_service():
    """A command that waits for its input ends with the service, and says so."""
    instance = Instance(conf=PATIENT)
    client = connect(instance, IMPORT)
    until(lambda: operators(instance) == 1, 20)
    begun = time.monotonic()
    equal(instance.stop_daemon(), 0, "SIGTERM with a waiting command: status 0")
    ok(time.monotonic() - begun < 6, "SIGTERM with a waiting command: no process is killed")
    equal(
        response(client).splitlines()[-2:],
        ["e the command ended because the service stops", "x 1"],
        "the waiting command says that the service stops",
    )
    instance.stop("stopping")


def with_descriptors(client, request):
    """Sends the first byte with descriptors, which the service does not expect."""
    files = [os.open(os.devnull, os.O_RDONLY) for _ in range(100)]
    socket.send_fds(client, [request[:1]], files)
    for file in files:
        os.close(file)
    client.sendall(request[1:])


MALFORMED = 'e malformed request: expected {"verb":[...]}\nx 2\n'
HOSTILE = (
    ("an empty line", b"\n", MALFORMED),
    ("binary", bytes(range(256)) * 20 + b"\n", MALFORMED),
    ("NUL", b"\0" * 100 + b"\n", MALFORMED),
    ("half of a JSON text", b'{"verb":["user","add"\n', MALFORMED),
    ("deep nesting", b"[" * 60000 + b"\n", MALFORMED),
    ("deep nesting of objects", b'{"verb":' * 8000 + b"\n", MALFORMED),
    ("two JSON texts", b'{"verb":["x"]}{"verb":["y"]}\n', MALFORMED),
    ("invalid UTF-8", b'{"verb":["\xff"]}\n', MALFORMED),
    ("a verb of another type", b'{"verb":[["user"]]}\n', MALFORMED),
    ("a long line", b"a" * 80000, "e the request line is too long\nx 1\n"),
    (
        "an unknown verb",
        b'{"verb":["x"]}\n',
        "e unknown command 'x' (see polytaskctl --help)\nx 2\n",
    ),
    (
        "a word of another type",
        b'{"verb":["user",{}]}\n',
        "e each word of verb must be a string\nx 2\n",
    ),
    (
        "five words",
        b'{"verb":["user","add","a","b","c"]}\n',
        "e verb must be an array of 1 to 4 words\nx 2\n",
    ),
    (
        "an option of another type",
        b'{"verb":["user","list"],"args":{"json":7}}\n',
        "e --json must be a string\nx 2\n",
    ),
    (
        "an option of another command",
        b'{"verb":["user","list"],"args":{"until":"x"}}\n',
        None,
    ),
    ("arguments of another type", b'{"verb":["user","list"],"args":[1]}\n', None),
)


def hostile_requests():
    """Requests that polytaskctl does not send are refused; the supervisor keeps nothing of them."""
    instance = Instance(conf=PATIENT)
    folder = f"/proc/{instance.daemon.pid}/fd"
    before = len(os.listdir(folder))
    for name, request, answer in HOSTILE:
        for send in (socket.socket.sendall, with_descriptors):
            client = connect(instance)
            try:
                send(client, request)
            except BrokenPipeError:
                pass
            got = response(client)
            ok(
                got == answer if answer else got.endswith(("x 0\n", "x 2\n")),
                f"{name}{' with descriptors' if send is with_descriptors else ''}",
                got,
            )
            client.close()
    ok(
        until(lambda: len(os.listdir(folder)) <= before, 20),
        "the supervisor has no more descriptors than before",
        os.listdir(folder),
    )
    equal(instance.status()["recoveries"], 0, "hostile requests cause no recovery")
    instance.stop("hostile requests")


def two_users():
    """Clients of one user leave places for another one."""
    if os.geteuid() != 0:
        skip("clients of two users", "needs root")
        return
    instance = Instance(conf=PATIENT)
    instance.wait_serving()
    os.chmod(instance.dir, 0o711)
    os.chmod(instance.conf["control"], 0o666)
    ready, begin = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgid(65534)
            os.setuid(65534)
            clients = [connect(instance, IMPORT) for _ in range(120)]
            os.write(ready[1], b"x")
            os.read(begin[0], 1)
            del clients
        finally:
            os._exit(0)
    os.read(ready[0], 1)
    for turn in range(3):
        check_commands(instance, f"120 imports of another user, turn {turn + 1}", f"other-{turn}")
    os.write(begin[1], b"x")
    os.waitpid(child, 0)
    instance.stop("two users")


run_tests(idle_clients, displaced_commands, stopping_service, hostile_requests, two_users)
