"""npm's client of external tasks, unmodified, as the worker of tasks of every dialect."""
import json
import os
import subprocess
import threading

from claim_racers import DIALECTS as FIELDS
from claims_client import create
from external_client import Worker
from lib import Instance, run_tests
from paths import BUILD, SOURCE
from processes import find_program
from tap import equal, ok, skip, until

MODULES = os.path.join(BUILD, "tests", "workers", "node_modules")
NODE = find_program("node")


class Client:
    """The client in a process of its own, and the events that it has printed."""

    def __init__(self, instance, worker, topics):
        self.events = []
        wanted = {
            "url": f"https://{instance.host}/engine-rest",
            "user": "tester",
            "token": instance.token,
            "worker": worker,
            "topics": topics,
        }
        instance.secrets.append(instance.token)
        self.process = subprocess.Popen(
            [NODE, os.path.join(SOURCE, "tests", "e2e", "external_worker.cjs"), json.dumps(wanted)],
            env=dict(os.environ, NODE_PATH=MODULES, NODE_EXTRA_CA_CERTS=instance.cert),
            stdout=subprocess.PIPE,
            text=True,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            if line.startswith("{"):
                self.events.append(json.loads(line))

    def of(self, task):
        """The names of the events of a task, in their order."""
        return [event["event"] for event in list(self.events) if event.get("id") == task]

    def ended(self, task):
        """The same once its end is among them: the service has it before the client has its answer."""
        until(lambda: {"complete", "complete:error"} & set(self.of(task)), 10)
        return self.of(task)

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


def installed():
    """Whether the client is there; else skips the test."""
    if NODE and os.path.isdir(MODULES):
        return True
    skip("npm's client", "not installed: ./bootstrap check installs it with npm")
    return False


def workers():
    if not installed():
        return
    instance = Instance()

    def native(task):
        return instance.native("GET", f"/tasks/{task}").json()

    tasks = {}
    for name, fields in FIELDS.items():
        version = {"version": "1"} if name == "vionlabs" else {}
        tasks[name] = create(instance, dialect=name, fields={**fields, **version})
    failing = create(instance, kind="fail", max_attempts=3)
    extended = create(instance, kind="extend")
    topics = {name: 20000 for name in FIELDS if name != "native"}
    topics |= {"native.fail": 20000, "native.extend": 2500, "native.fence": 1000, "native": 20000}
    client = Client(instance, "npm", topics)
    for name, task in tasks.items():
        ok(until(lambda: native(task)["state"] == "succeeded", 20), f"{name}: carried out", client.events)
        equal(client.ended(task), ["task", "complete"], f"{name}: the client was told so")
        want = {"number": 7, "text": "x", "list": [1], "nothing": None, "half": 0.5}
        got = dict(native(task)["result"])
        ok(got.pop("day").startswith("1970-01-01T00:00:00.000"), f"{name}: a date", got)
        equal(got, want, f"{name}: the variables are the result")
    ok(until(lambda: native(failing)["state"] == "succeeded", 20), "a task that fails first", client.events)
    want = ["task", "handleFailure", "task", "handleFailure", "task", "complete"]
    equal(client.ended(failing), want, "two failures, then a result")
    retries = [e["retries"] for e in client.events if e["event"] == "task" and e["id"] == failing]
    equal(retries, [3, 2, 1], "the retries count down")
    ok(until(lambda: native(extended)["state"] == "succeeded", 20), "a task with an extended lock", client.events)
    equal(client.ended(extended), ["task", "extendLock", "complete"], "one attempt is enough")
    fenced = create(instance, kind="fence", policy={"retry_first_seconds": 0})
    ok(until(lambda: client.of(fenced), 20), "a task whose lock will end", client.events)
    other = Worker(instance, "other")
    locked = until(lambda: other.act(fenced, "lock", lockDuration=60000).status == 204, 10)
    ok(locked, "when it has ended, another worker locks it")
    ok(until(lambda: "complete:error" in client.of(fenced), 20), "the client learns it", client.events)
    error = next(e for e in client.events if e["event"] == "complete:error" and e["id"] == fenced)
    equal((error["status"], error["type"], error["code"]), (400, "RestException", 0), "by an EngineError")
    message = f"External task {fenced} cannot be completed by worker 'npm'. It is locked by worker 'other'."
    equal(error["text"], message, "with the reason")
    equal(native(fenced)["state"], "running", "and changed nothing")
    equal(other.act(fenced, "complete").status, 204, "the other one completes it")
    errors = [e for e in client.events if e["event"] in ("poll:error", "handler:error")]
    equal(errors, [], "no poll or handler has failed")
    client.stop()
    instance.verify("after the client")
    instance.stop()


run_tests(workers)
