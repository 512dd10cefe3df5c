"""Reports of workers by the native API: the state of a task is stored whatever their texts are."""
import re

from dialects import fourhse, idol, uplynk, virtshell, vionlabs
from lib import run_tests
from native_client import MERGE, TASKS, ask, create, is_problem, patch, shared
from tap import equal, ok

# Raw JSON strings of a worker, and the end of the text that is stored.
TEXTS = {
    "a word": (b'"disk on fire"', "disk on fire"),
    "5000 bytes": (b'"' + b"x" * 5000 + b'end"', "xend"),
    "1 MiB": (b'"' + b"line\\n" * 200000 + b'end"', "line\nend"),
    "15 MiB": (b'"' + b"x" * (15 << 20) + b'end"', "xend"),
    "NUL": (b'"a\\u0000b\x00c"', "a\ufffdb\ufffdc"),
    "half of a surrogate pair": (b'"a\\udc00b"', "a\ufffdb"),
    "bytes that are not UTF-8": (b'"a\xe9b"', "a\ufffdb"),
    "raw line feeds": (b'"a\nb"', "a\nb"),
}
# A task of each dialect, the address of its own client's view, and the member that shows the error.
VIEWS = {
    "virtshell": ({}, lambda task: f"{virtshell.PREFIX}/tasks/{task['id']}", "log"),
    "vionlabs": (
        {"inventory_id": "report", "product": "markers", "version": "1"},
        lambda task: "/tasks/catalog-item/report/product/markers/version/1",
        "error",
    ),
    "fourhse": ({"handler": "h"}, lambda task: f"{fourhse.PREFIX}/view/{task['id']}", "response"),
    "idol": (
        {"master-type": "cd", "attachable": {"type": "tracks", "id": "1"}},
        lambda task: f"{idol.PREFIX}/import-tasks/{task['number']}",
        "message",
    ),
    "uplynk": (
        {"operation": "CREATE"},
        lambda task: f"{uplynk.PREFIX}/managed-slicer/ingest-points/tasks/{task['id']}",
        "error",
    ),
    "native": ({}, lambda task: f"{TASKS}/{task['id']}", "error"),
}


def member(document, name):
    """The member of this name at any depth."""
    if name in document:
        return document[name]
    inner = [value for value in document.values() if isinstance(value, dict)]
    return next((member(value, name) for value in inner if member(value, name)), None)


def look(address):
    instance = shared()
    headers = instance.bearer() + [("X-API-Key", instance.token)]
    return instance.request("GET", address, headers=headers).json()


def errors():
    for dialect, (fields, address, shown) in VIEWS.items():
        for name, (text, end) in TEXTS.items():
            task = create(dialect=dialect, fields=dict(fields))
            report = b'{"state": "failed", "error": ' + text + b"}"
            answer = ask("PATCH", f"{TASKS}/{task['id']}", report, MERGE)
            equal(answer.status, 200, f"{dialect}: an error of {name}: 200")
            stored = answer.json()
            equal(stored["state"], "failed", f"{dialect}: {name}: the state is stored")
            ok(stored["error"].endswith(end), f"{dialect}: {name}: its end is stored", stored)
            cut = re.match(r"\[the first [0-9]+ bytes were cut\]\n", stored["error"])
            equal(bool(cut), len(text) > 4096, f"{dialect}: {name}: the first line marks a cut")
            ok(len(stored["error"]) <= 4096, f"{dialect}: {name}: at most 4096 bytes")
            if dialect != "uplynk":  # its requests are signed
                view = look(address(task))
                equal(
                    member(view, shown), stored["error"], f"{dialect}: {name}: clients see the error"
                )
            equal(ask("DELETE", f"{TASKS}/{task['id']}").status, 204, f"{dialect}: removed")


def fields():
    """The field in which the clients of a dialect look for the result."""
    text = "y" * 400000
    for dialect, name, most in (("virtshell", "log", 131072), ("fourhse", "response", 262144)):
        task = create(dialect=dialect, fields={"handler": "h"} if dialect == "fourhse" else {})
        answer = patch(task, {"state": "succeeded", "fields": {name: text}})
        equal(answer.status, 200, f"{dialect}: a long {name}: 200")
        stored = answer.json()
        equal(stored["state"], "succeeded", f"{dialect}: a long {name}: the state is stored")
        stored = stored["fields"][name]
        ok(stored.startswith("[the first ") and len(stored) < most, f"{name}: cut", len(stored))
    task = create()
    for name in ("log", "response", "other"):
        answer = patch(task, {"fields": {name: text}})
        ok(is_problem(answer, 413, "too-large"), f"native: a long {name} is not cut: 413", answer)
    answer = patch(task, {"fields": {"response": "\ud800"}})
    equal(answer.json()["fields"]["response"], "\ufffd", "native: a response without its surrogate")


def room():
    """A task that is as large as a task can be takes reports."""
    for dialect, fields in (("native", {}), ("fourhse", {"handler": "h"}), ("virtshell", {})):
        task = create(dialect=dialect, fields=fields)
        for size in [200000] * 8 + [50000] * 8 + [5000] * 20:
            name = f"part{ask('GET', TASKS + '/' + task['id']).json()['revision']}"
            answer = patch(task, {"fields": {name: "z" * size}})
            if answer.status != 200:
                ok(is_problem(answer, 413, "too-large"), f"{dialect}: a task has its limit", answer)
        report = {"state": "failed", "error": "e" * 5000, "progress": "p" * 5000}
        equal(patch(task, report).status, 200, f"{dialect}: a full task can fail")
        if dialect == "native":
            continue
        name = "log" if dialect == "virtshell" else "response"
        answer = patch(task, {"fields": {name: "r" * 300000}})
        equal(answer.status, 200, f"{dialect}: a full task has room for a {name}")


def ending():
    shared().verify("reports")
    shared().stop("reports")


run_tests(errors, fields, room, ending)
