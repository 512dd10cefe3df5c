"""import with input that is no export: sizes, bytes, files and pipes; interrupted, twice at once.

Each case ends with a sentence and a status other than 0, in bounded time, and leaves every task
wholly there or wholly absent. Every case runs beside a service and without one.
"""
import gzip
import json
import os
import signal
import subprocess
import uuid

from lib import POLYTASKCTL, Instance, run_tests
from tap import equal, ok, until

MIB = 1 << 20


def line(number, log="x", **members):
    """A task of VirtShell as a line."""
    task = {
        "id": str(uuid.UUID(int=(7 << 76) | (2 << 62) | number)),
        "tenant": "demo",
        "dialect": "virtshell",
        "state": "pending",
        "created": 1,
        "fields": {"description": "d", "log": log},
        **members,
    }
    return json.dumps(task).encode() + b"\n"


def document(number, log="x"):
    task = {
        "uuid": str(uuid.UUID(int=(7 << 76) | (2 << 62) | number)),
        "description": "d",
        "type": "",
        "status": "pending",
        "created": {"at": "1", "by": ""},
        "last_update": "1",
        "log": log,
    }
    return json.dumps(task).encode()


FROM = ("--from", "virtshell", "--tenant", "demo")


def start(instance, *words, **streams):
    return subprocess.Popen(
        [POLYTASKCTL, "-c", os.path.join(instance.dir, "polytask.conf"), "import", *words],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        **streams,
    )


def run(instance, data, *words):
    process = start(instance, *words, stdin=subprocess.PIPE)
    try:
        out, err = process.communicate(data, timeout=120)
    except BrokenPipeError:
        out, err = process.communicate(timeout=120)
    return process.returncode, out.decode(), err.decode()


def total(instance):
    """The number of tasks of a whole store."""
    return int(instance.ctl("verify").split("tasks:")[1].split()[0])


def refused(instance, state, data, reason, *words):
    done = run(instance, data, *words)
    ok(done[0] == 1 and reason in done[2], f"{state}: {reason}", (data[:40], done))


def bytes_of_all_kinds(instance, state):
    before = total(instance)
    whole = line(1)
    for data, reason in (
        (b"", "the input is empty"),
        (b"\0" * 3, "line 1: The JSON text holds a NUL byte."),
        (b"\xff\xfe" + whole, "line 1: "),
        (b"\xef\xbb\xbf" + whole, "line 1: "),
        (whole.replace(b'"x"', b'"\xc3"'), "line 1: "),
        (whole.replace(b'"x"', b'"\xed\xa0\x80"'), "line 1: "),
        (whole.replace(b'"x"', b'"\\u0000"'), "line 1: "),
        (gzip.compress(whole * 1000), "the input is compressed"),
        (os.urandom(MIB), "line 1: "),
        (b"[" * MIB + b"\n", "line 1: "),
        (line(1, "y" * (16 * MIB)), "the line is longer than 8388608 bytes"),
        (b"y" * (64 * MIB), "line 1: "),
        (b"{" + b" " * (9 * MIB), "line 1: "),
        (whole[:-3], "the input ends in the middle of line 1"),
        (b"{\"export\":\"polytask\",\"version\":2}\n", "without the last line"),
    ):
        refused(instance, state, data, reason)
    one = document(1)
    for data, reason in (
        (gzip.compress(one * 1000), "the input is compressed"),
        (b"[" + one.replace(b'"x"', b'"\xc3"') + b"]", "object 1: "),
        (b"[" + document(1, "y" * (16 * MIB)) + b"]", "more than 8388608 bytes"),
        (b"[" + one.replace(b'"x"', b'"\\u0000"') + b"]", "object 1: "),
        (b"{" + b" " * (64 * MIB), "the input ends in the middle"),
        (b'{"a":' * 200000, "the input ends in the middle"),
    ):
        refused(instance, state, data, reason, *FROM)
    equal(total(instance), before, f"{state}: nothing was stored")


def files(instance, state):
    for path, reason in (
        (instance.dir, "standard input is a directory"),
        ("/dev/null", "the input is empty"),
    ):
        fd = os.open(path, os.O_RDONLY)
        process = start(instance, stdin=fd)
        out, err = process.communicate(timeout=60)
        ok(process.returncode == 1 and reason in err.decode(), f"{state}: {reason}", (out, err))
        os.close(fd)
    with open(os.path.join(instance.dir, "written"), "wb") as out:
        process = start(instance, stdin=out)
        err = process.communicate(timeout=60)[1].decode()
    sentence = "not open for reading"
    ok(process.returncode == 1 and sentence in err, f"{state}: a file for writing", err)
    process = start(instance, preexec_fn=lambda: os.close(0))
    err = process.communicate(timeout=60)[1].decode()
    ok(process.returncode == 1 and err, f"{state}: no standard input", err)


def many_refused(instance, state):
    """All refused objects are counted, and the good ones behind them are stored."""
    bad = document(0).replace(b'"uuid"', b'"uuid_"')
    data = b'{"tasks":[' + b",".join([bad] * 20000 + [document(900)]) + b"]}"
    done = run(instance, data, *FROM)
    ok(
        done[0] == 1 and done[1] == "1 task imported\n" and "20000 of 20001" in done[2],
        f"{state}: 20000 objects are refused",
        (done[0], done[1], done[2][-200:]),
    )
    equal(done[2].count("object "), 1000, f"{state}: 1000 of them are reported")


def interrupted(instance, state):
    """Ctrl-C, or the death of the command, in the middle of an object and between two."""
    base = 1000
    for number, (kind, words) in enumerate(
        ((signal.SIGINT, ()), (signal.SIGKILL, ()), (signal.SIGINT, FROM), (signal.SIGTERM, FROM))
    ):
        make = document if words else line
        before = total(instance)
        process = start(instance, *words, stdin=subprocess.PIPE)
        if words:
            process.stdin.write(b"[")
        for i in range(2000):
            process.stdin.write(make(base + i) + (b"," if words else b""))
        process.stdin.write(make(base + 2000)[:50])
        process.stdin.flush()
        process.send_signal(kind)
        process.wait(60)
        process.stdin.close()
        process.stdout.close()
        process.stderr.close()
        after = until(lambda: quiet(instance), 60)
        ok(before <= after <= before + 2000, f"{state}: {kind.name}, {number}: whole tasks", after)
        base += 3000


def quiet(instance):
    """The number of tasks once it no longer changes; None before."""
    first = instance.ctl_run("verify")
    second = instance.ctl_run("verify")
    if first.returncode or second.returncode or first.stdout != second.stdout:
        return None
    return int(second.stdout.split("tasks:")[1].split()[0])


def twice_at_once(instance, state):
    """Two imports of the same tasks: one after the other without a service, else side by side."""
    data = b"".join(line(20000 + i) for i in range(3000))
    processes = []
    for number in range(2):
        path = os.path.join(instance.dir, f"tasks-{number}")
        with open(path, "wb") as out:
            out.write(data)
        with open(path, "rb") as tasks:
            processes.append(start(instance, stdin=tasks))
    for process in processes:
        out, err = process.communicate(timeout=120)
        busy = process.returncode == 75 and b"another" in err
        ok(process.returncode == 0 or busy, f"{state}: one of two imports", (out, err))
    ok(until(lambda: quiet(instance), 60), f"{state}: the store is whole")


def slow_pipe(instance, state):
    """A producer that stops: other commands go on, and the import ends when it goes on."""
    process = start(instance, stdin=subprocess.PIPE)
    process.stdin.write(line(30000))
    process.stdin.flush()
    if state == "with a service":
        ok(total(instance) > 0, "other commands run beside an import that waits")
    out, err = process.communicate(line(30001), timeout=60)
    equal((process.returncode, out), (0, b"2 tasks imported\n"), f"{state}: it goes on")


CASES = (bytes_of_all_kinds, files, many_refused, interrupted, twice_at_once, slow_pipe)


def with_service():
    instance = Instance()
    for case in CASES:
        case(instance, "with a service")
    instance.verify("after all")
    instance.stop("after all")


def without_service():
    instance = Instance(autostart=False)
    instance.ctl("user", "add", "ann", "--tenant", "demo")
    for case in CASES:
        case(instance, "without a service")


run_tests(with_service, without_service)
