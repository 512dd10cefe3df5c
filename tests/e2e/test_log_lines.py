"""Log lines of workers: `log` of reports, of the history and of the attempts."""
import functools
import http.client
import json

from claims_client import Worker, create
from lib import Instance, run_tests
from native_client import is_problem
from tap import equal, ok


@functools.cache
def shared():
    return Instance()


def attempts(task):
    return shared().native("GET", f"/tasks/{task}/attempts").json()["items"]


def history(task):
    return shared().native("GET", f"/tasks/{task}/history").json()["items"]


def lines_of_a_life():
    worker = Worker(shared())
    task = create(shared())
    claim = worker.take()
    equal(attempts(task)[0]["log"], [], "an attempt begins without lines")
    equal(worker.report("heartbeat", claim, log=["begin", 'a "b" \\ ü\t']).status, 200, "heartbeat")
    worker.report("heartbeat", claim)
    worker.report("heartbeat", claim, progress=50, log=["half"])
    worker.report("fail", claim, error="disk", log=["no space"], retry_after_seconds=0)
    second = worker.take()
    worker.report("release", second, log=["not here"])
    third = worker.take()
    worker.report("complete", third, log=["done"])
    shown = attempts(task)
    equal(
        [item["log"] for item in shown],
        [["done"], ["not here"], ["begin", 'a "b" \\ ü\t', "half", "no space"]],
        "each attempt has its lines in order",
    )
    ok(all(item["log_complete"] for item in shown), "and all of them")
    equal(
        [(e["event"], e["log"]) for e in history(task) if e["log"]],
        [
            ("completed", ["done"]),
            ("released", ["not here"]),
            ("failed", ["no space"]),
            ("progress", ["half"]),
            ("progress", ["begin", 'a "b" \\ ü\t']),
        ],
        "so do the entries of the history",
    )
    ok("log" not in worker.read(task), "the task itself has none")
    worker.report("complete", third, log=["again"])
    equal(attempts(task)[0]["log"], ["done"], "a repeated report adds no lines")


def lines_are_bounded():
    worker = Worker(shared())
    task = create(shared())
    claim = worker.take()
    answer = worker.report("heartbeat", claim, log=["x" * 1000000, "y" * 2000])
    equal(answer.status, 200, "no report is refused for a long line")
    lines = attempts(task)[0]["log"]
    ok(all(len(json.dumps(line)) <= 1024 for line in lines), "of each line 1 KiB is kept")
    ok(lines[0].startswith("[the first 99"), "after the number of bytes that were cut", lines[0][:60])
    answer = worker.report("heartbeat", claim, log=["ü" * 300] * 100)
    equal(answer.status, 200, "nor for many lines")
    kept = history(task)[0]["log"]
    ok(len(json.dumps(kept, ensure_ascii=False).encode()) <= 16500, "16 KiB are kept", len(kept))
    ok(kept[0].startswith("[the first "), "after the number of lines that were cut", kept[0])
    for _ in range(8):
        worker.report("heartbeat", claim, log=["z" * 900] * 16)
    shown = attempts(task)[0]
    ok(len(json.dumps(shown["log"])) <= 64 * 1024 + 200, "an attempt shows 64 KiB")
    equal(shown["log_complete"], False, "and that there were more")
    answer = worker.report("heartbeat", claim, log=["x"] * 101)
    ok(is_problem(answer, 422, "unprocessable"), "101 lines: 422", answer)
    answer = shared().native("PATCH", f"/tasks/{task}", {"log": ["a"]})
    ok(is_problem(answer, 422, "unprocessable"), "log is no member of a task", answer)
    shown = worker.report("complete", claim, log=["end"])
    equal(shown.status, 200, "the worker ends its task")


def bytes_of_programs():
    """Whatever a program prints must not keep the worker from its report."""
    worker = Worker(shared())
    task = create(shared())
    claim = worker.take()
    body = b'{"token": "%s", "log": ["a\xff\x00b", "\x1b[31mred", "\\ud800"]}'
    connection = shared().connect()
    connection.request(
        "POST",
        f"/v1/tasks/{task}/complete",
        body % claim["token"].encode(),
        dict([*shared().bearer(), ("Content-Type", "application/json")]),
    )
    response = connection.getresponse()
    response.read()
    equal(response.status, http.client.OK, "NUL, bytes that are not UTF-8, escapes: 200")
    equal(attempts(task)[0]["log"], ["a\ufffd\ufffdb", "\x1b[31mred", "\ufffd"], "what is kept")


def the_end():
    shared().stop("log lines")


if __name__ == "__main__":
    run_tests(lines_of_a_life, lines_are_bounded, bytes_of_programs, the_end)
