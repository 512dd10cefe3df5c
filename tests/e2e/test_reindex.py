"""A lost index is rebuilt while the service runs; lists are refused until it is complete."""
import json
import os
import re
import signal
import subprocess
import uuid

from dialects import DIALECTS
from lib import POLYTASKCTL, Instance, run_tests
from processes import kill
from tap import equal, ok, until

TASKS = 100000  # more than the recovery builds itself
SENTENCE = r"The index is being rebuilt \(\d+ %\); lists will work again shortly\."


def index_state(instance):
    return instance.status()["store"]["index"]


def complete(instance):
    return until(lambda: index_state(instance) == "complete", 240, 0.2)


def total(instance):
    return instance.request("GET", "/v1/tasks?limit=1&total=true").json()["total"]


def lose_index(instance):
    os.unlink(os.path.join(instance.conf["home"], "data", "index.db"))


def reads(instance):
    """Whether a task is looked for, which needs no index."""
    return instance.request("GET", f"/v1/tasks/{uuid.UUID(int=1)}").status == 404


def start(instance):
    instance.start_daemon()
    ok(until(lambda: reads(instance), 30), "tasks are read by id")


def keeper(instance):
    return next(
        (p["pid"] for p in instance.status()["processes"] if p["process"] == "keeper"), None
    )


def refused_lists(instance):
    """The refusal has the shape of its dialect."""
    for name, known in DIALECTS.items():
        answer = instance.request("GET", known.list_path)
        text = answer.body.decode()
        equal(answer.status, 503, f"{name}: 503 while the index is rebuilt")
        sentence = re.search(SENTENCE, text)
        want = known.refusal_body(503, sentence.group() if sentence else "The index is ...")
        want = json.loads(want.replace("REQUEST", answer.headers["X-Request-Id"]))
        if name == "native":
            want["type"] = "/v1/problems/index-rebuilding"
            want["title"] = "The index is being rebuilt; lists will work again shortly."
            want["detail"] = sentence.group() if sentence else "with the progress"
        equal(answer.json(), want, f"{name}: body")
        equal(answer.headers["Content-Type"], known.media_type, f"{name}: media type")
        ok(1 <= int(answer.headers["Retry-After"]) <= 60, f"{name}: Retry-After")


def tasks_meanwhile(instance):
    """Tasks are created, read, changed and removed by id."""
    body = {"dialect": "virtshell", "fields": {"description": "d"}}
    made = instance.request("POST", "/v1/tasks", body)
    equal(made.status, 201, "POST while the index is rebuilt")
    path = "/v1/tasks/" + made.json()["id"]
    equal(instance.request("GET", path).status, 200, "GET by id")
    merge = instance.bearer() + [("Content-Type", "application/merge-patch+json")]
    equal(instance.request("PATCH", path, {"state": "running"}, merge).status, 200, "PATCH")
    gone = instance.request("POST", "/v1/tasks", body).json()["id"]
    equal(instance.request("DELETE", "/v1/tasks/" + gone).status, 204, "DELETE")


def lost_index():
    """Of 60,000 tasks an earlier build showed 7,680 for ever after an interrupted rebuild."""
    instance = Instance(expect={"recovery", "exit"}, conf={"workers": "1"})
    instance.stop_daemon()
    instance.ctl_run("load-sample", str(TASKS), "--tenant", "demo", timeout=240)
    lose_index(instance)
    start(instance)
    equal(index_state(instance), "rebuilding", "a lost index is rebuilt while the service runs")
    verify = instance.ctl_run("verify")
    ok(
        verify.returncode == 1 and re.search(SENTENCE, verify.stderr),
        "verify tells that the index is being rebuilt",
        verify.stderr,
    )
    refused_lists(instance)
    tasks_meanwhile(instance)
    kill(keeper(instance), signal.SIGKILL)
    ok(until(lambda: reads(instance) and keeper(instance), 30), "the keeper is started again")
    equal(instance.ctl_run("reload").returncode, 0, "reload while the index is rebuilt")
    ok(reads(instance), "the next generation answers")
    instance.kill_daemon()
    start(instance)
    ok(complete(instance), "an interrupted rebuild goes on")
    equal(total(instance), TASKS + 1, "all tasks are listed")
    instance.verify("after the rebuild")
    equal(
        [line["level"] for line in instance.events("reindexed")][-1:], ["info"], "it is logged"
    )
    instance.stop("lost index")


def begin_reindex(instance):
    return subprocess.Popen(
        [POLYTASKCTL, "-c", os.path.join(instance.dir, "polytask.conf"), "reindex"],
        stdout=subprocess.PIPE,
        text=True,
    )


def on_demand():
    instance = Instance(expect={"recovery", "keeper", "exit"})
    instance.ctl("load-sample", "1000", "--tenant", "demo")
    done = instance.ctl_run("reindex", timeout=240)
    equal(done.returncode, 0, "reindex of a running service")
    equal(done.stdout.splitlines()[-1:], ["the index is complete"], "it waits for the end")
    equal(total(instance), 1000, "all tasks are listed")
    waiting = begin_reindex(instance)
    for _ in range(2):
        equal(instance.ctl_run("reload").returncode, 0, "reload during reindex")
    equal(
        waiting.communicate(timeout=120)[0].splitlines()[-1:],
        ["the index is complete"],
        "reindex beside reloads waits for the end",
    )
    equal(total(instance), 1000, "all tasks are listed after it")
    done = instance.ctl_run("reindex", "--no-wait")
    equal((done.returncode, done.stdout), (0, ""), "reindex --no-wait")
    ok(until(lambda: len(instance.events("reindexed")) > 2, 60), "the index is rebuilt")
    ok(complete(instance), "and complete")
    instance.verify("running")
    instance.stop_daemon()
    done = instance.ctl_run("reindex")
    equal(done.returncode, 0, "reindex of a stopped service")
    equal(done.stdout.splitlines()[-1:], ["the index is complete"], "it is complete")
    instance.verify("stopped")
    instance.stop("on demand")


run_tests(lost_index, on_demand)
