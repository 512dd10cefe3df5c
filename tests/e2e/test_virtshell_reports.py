"""VirtShell: reports of agents, whose state is stored whatever their log is."""
import functools
import re

from dialects import virtshell
from lib import Instance, run_tests
from tap import equal, ok

# One instance for all tests.
shared = functools.cache(Instance)


def reports():
    instance = shared()
    logs = {
        "1 MiB": (b'"' + b"step\n" * 200000 + b'done"', "done"),
        "16 MiB": (b'"' + b"x" * ((16 << 20) - 100) + b'done"', "done"),
        "NUL bytes": (b'"a\x00b"', "a\ufffdb"),
        "bytes that are not UTF-8": (b'"a\xffb"', "a\ufffdb"),
        "a NUL escape": (b'"a\\u0000b"', "a\ufffdb"),
        "half of a surrogate pair": (b'"a\\ud800b"', "a\ufffdb"),
        "raw line feeds": (b'"a\nb"', "a\nb"),
        "a list of lines": (b'["a", "b"]', '["a","b"]'),
    }
    for name, (log, end) in logs.items():
        uuid = instance.create(status="provisioning", log="before", type="create_instance")
        body = b'{"status": "provisioned", "log": ' + log + b"}"
        answer = instance.request("PUT", f"{virtshell.PREFIX}/tasks/{uuid}", body)
        equal((answer.status, answer.body), (200, b'{"update":"success"}'), f"a log of {name}: 200")
        task = instance.get("/tasks/" + uuid).json()
        equal((task["status"], task["log"][-len(end) :]), ("provisioned", end), f"{name}: stored")
        ok(len(task["log"]) <= 131072, f"{name}: at most 128 KiB of log", len(task["log"]))
        cut = re.match(r"\[the first ([0-9]+) bytes were cut\]\n", task["log"])
        equal(bool(cut), "MiB" in name, f"{name}: the first line says whether the log was cut")
        history = task["status_history"]
        equal(
            [(status, log) for status, date, log in history],
            [("provisioning", "before")],
            f"{name}: the history has the report before",
        )
        ok(
            all(
                re.fullmatch(r"\d\d:\d\d:\d\d\.\d{6}", date)
                for date in (task["date"], history[0][1])
            ),
            f"{name}: dates are times of a day",
            (task["date"], history),
        )


def ending():
    shared().verify("reports")
    shared().stop("reports")


run_tests(reports, ending)
