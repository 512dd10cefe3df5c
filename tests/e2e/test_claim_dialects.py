"""Tasks of each dialect, created and watched by its own API while a worker claims them."""
import functools

import uplynk_client
from claims_client import Worker
from dialects import WITH_TASKS
from lib import Instance, run_tests
from tap import equal, ok, until

shared = functools.cache(Instance)
PRODUCT = "/product/adbreaks/version/1.0.1"
IDOL = {
    "type": "import-tasks",
    "attributes": {"master-type": "hd", "status": "uploaded"},
    "relationships": {"attachable": {"data": {"type": "tracks", "id": "12"}}},
}


class Native:
    """How clients of a dialect create a task, and what they see of it."""

    words = ("pending", "running", "succeeded", "failed")
    result = None  # the member in which the clients see a result, as JSON text

    def create(self, number):
        return shared().native("POST", "/tasks", {"fields": {"number": number}}).json()["id"]

    def view(self, task):
        return shared().native("GET", f"/tasks/{task}").json()

    def status(self, task):
        return self.view(task)["status"]

    def error(self, task):
        """The error in the member in which the clients look for it."""
        return self.view(task)["error"]


class VirtShell(Native):
    words = ("pending", "in progress", "sucess", "failed")
    result = "log"

    def create(self, number):
        return shared().create(description=f"task {number}")

    def view(self, task):
        return shared().get(f"/tasks/{task}").json()

    def error(self, task):
        return self.view(task)["log"]


class Vionlabs(Native):
    words = ("pending", "processing", "done", "failed")

    def create(self, number):
        task = f"/movie-{number}{PRODUCT}"
        answer = shared().vionlabs("POST", task)
        if answer.status >= 300:
            raise RuntimeError(f"create: {answer}")
        return task

    def view(self, task):
        return shared().vionlabs("GET", task).json()

    def cancel(self, task):
        return shared().vionlabs("DELETE", task)


class Fourhse(Native):
    words = ("pending", "running", "completed", "failed")
    result = "response"

    def create(self, number):
        answer = shared().fourhse("POST", "/create", {"handler": f"Handler{number}"})
        return answer.json()["task_id"]

    def view(self, task):
        return shared().fourhse("GET", f"/view/{task}").json()

    def error(self, task):
        return self.view(task)["response"]


class Idol(Native):
    words = ("uploaded", "processing", "completed", "failed")

    def create(self, number):
        return shared().idol("POST", "/import-tasks", {"data": IDOL}).json()["data"]["id"]

    def view(self, task):
        return shared().idol("GET", f"/import-tasks/{task}").json()["data"]["attributes"]

    def error(self, task):
        return self.view(task)["message"]


class Uplynk(Native):
    # Its clients know no queue.
    words = ("IN_PROGRESS", "IN_PROGRESS", "COMPLETED", "FAILED")

    def create(self, number):
        self.point = uplynk_client.create(shared(), endpoint_name=f"point {number}")["id"]
        return uplynk_client.tasks(shared())[-1]["id"]

    def view(self, task):
        return shared().request("GET", f"{uplynk_client.TASKS}/{task}").json()

    def status(self, task):
        return self.view(task)["state"]

    def error(self, task):
        """Its tasks have no member for it; the error is in the native task."""
        return shared().native("GET", f"/tasks/{task}").json()["error"]


CLIENTS = {
    "native": Native(),
    "virtshell": VirtShell(),
    "vionlabs": Vionlabs(),
    "fourhse": Fourhse(),
    "idol": Idol(),
    "uplynk": Uplynk(),
}


def begin(name, client, worker, number):
    """A new task, as the dialect's clients know it, and its claim."""
    task = client.create(number)
    equal(client.status(task), client.words[0], f"{name}: a new task waits for a worker")
    claim = worker.take(dialects=[name])
    equal(client.status(task), client.words[1], f"{name}: a claimed task")
    return task, claim


def lives():
    equal(sorted(CLIENTS), sorted(WITH_TASKS), "there is a client of each dialect")
    worker = Worker(shared())
    for name, client in CLIENTS.items():
        task, claim = begin(name, client, worker, 1)
        equal(claim["task"]["dialect"], name, f"{name}: the claim has the task")
        answer = worker.report("heartbeat", claim, progress={"percent": 10})
        equal(answer.status, 200, f"{name}: a heartbeat")
        equal(client.status(task), client.words[1], f"{name}: it is still running")
        answer = worker.report("release", claim)
        equal(client.status(task), client.words[0], f"{name}: a released task waits again")
        claim = worker.take(dialects=[name])
        answer = worker.report("complete", claim, result={"done": True})
        equal((answer.status, answer.json()["claims"]), (200, []), f"{name}: complete")
        equal(client.status(task), client.words[2], f"{name}: a completed task")
        if client.result:
            equal(client.view(task)[client.result], '{"done":true}', f"{name}: its result")
        task, claim = begin(name, client, worker, 2)
        answer = worker.report("fail", claim, error="no disk", retry_after_seconds=0)
        equal(answer.status, 200, f"{name}: a failed attempt")
        equal(client.status(task), client.words[0], f"{name}: it waits for the next one")
        claim = worker.take(dialects=[name])
        equal(claim["attempt"], 2, f"{name}: the next attempt")
        ok(client.error(task) in (None, ""), f"{name}: has no error", client.view(task))
        answer = worker.report("fail", claim, error="again no disk", retryable=False)
        equal(client.status(task), client.words[3], f"{name}: a failed task")
        equal(client.error(task), "again no disk", f"{name}: its clients see the error")


def ended_leases():
    """The clients see a lease that ends like a report."""
    worker = Worker(shared())
    for name, client in CLIENTS.items():
        task, claim = begin(name, client, worker, 3)
        path = f"/tasks/{claim['task']['id']}"
        shared().native("PATCH", path, {"max_attempts": 1})
        worker.report("heartbeat", claim, lease_seconds=1)
        until(lambda: client.status(task) == client.words[3], 5)
        equal(client.status(task), client.words[3], f"{name}: the last lease ends: failed")
        equal(client.error(task), "The worker w1 stopped reporting.", f"{name}: the error")
        task = client.create(4)
        claim = worker.take(dialects=[name], confirm_seconds=0.1)
        until(lambda: worker.read(claim)["state"] == "pending", 5)
        equal(client.status(task), client.words[0], f"{name}: an undone claim")
        worker.report("complete", claim)
        equal(client.status(task), client.words[2], f"{name}: its late result is accepted")


def fields():
    """What a worker leaves in the fields of a dialect."""
    worker = Worker(shared())
    task, claim = begin("fourhse", CLIENTS["fourhse"], worker, 5)
    answer = worker.report("complete", claim, fields={"response": {"rows": 3}})
    equal(answer.status, 422, "fourhse: its response is JSON in a string, not an object: 422")
    equal(worker.report("heartbeat", claim).status, 200, "and the worker still has the task")
    worker.report("complete", claim, fields={"response": '{"rows":3}'})
    equal(CLIENTS["fourhse"].view(task)["response"], '{"rows":3}', "fourhse: response")
    task, claim = begin("virtshell", CLIENTS["virtshell"], worker, 5)
    worker.report("heartbeat", claim, fields={"log": "cloning"})
    worker.report("complete", claim, fields={"log": "cloned"})
    equal(CLIENTS["virtshell"].view(task)["log"], "cloned", "virtshell: log")
    client = CLIENTS["uplynk"]
    task, claim = begin("uplynk", client, worker, 5)
    place = {"reserved_domain_name": "in-9.example.com", "reserved_ports": {"SRT": [1]}}
    answer = worker.report("complete", claim, fields=place)
    equal(answer.status, 200, "uplynk: complete with the place of the point")
    shown = shared().request("GET", f"{uplynk_client.POINTS}/{client.point}").json()
    equal(
        {name: shown["ingest_point"][name] for name in place}, place, "uplynk: the point has it"
    )
    shared().request("DELETE", f"{uplynk_client.POINTS}/{client.point}")
    worker.report("complete", worker.take(dialects=["uplynk"]))
    answer = shared().request("GET", f"{uplynk_client.POINTS}/{client.point}")
    equal(answer.status, 404, "uplynk: a completed DELETE removes the point")
    answer = worker.report("complete", claim, fields=place)
    equal(answer.status, 200, "uplynk: the report is repeated, but not what followed it")
    equal(worker.report("fail", claim).status, 409, "uplynk: another end: 409")


def cancellation():
    """Cancelled by the dialect's own client while a worker has the task."""
    worker = Worker(shared())
    task, claim = begin("vionlabs", CLIENTS["vionlabs"], worker, 6)
    equal(CLIENTS["vionlabs"].cancel(task).status, 200, "vionlabs: deactivated by its client")
    equal(worker.report("heartbeat", claim).json()["cancel"], True, "its worker is answered so")
    equal(worker.report("complete", claim).status, 409, "and its result is refused")
    equal(CLIENTS["vionlabs"].status(task), "deactivated", "the task stays deactivated")
    task, claim = begin("virtshell", CLIENTS["virtshell"], worker, 6)
    answer = shared().put(f"/tasks/{task}", {"status": "cancelled"})
    equal(answer.status, 200, "virtshell: cancelled by its client")
    equal(worker.report("heartbeat", claim).json()["cancel"], True, "its worker is answered so")
    task, claim = begin("fourhse", CLIENTS["fourhse"], worker, 6)
    answer = shared().fourhse("DELETE", f"/delete/{task}")
    ok(answer.status < 300, "fourhse: removed by its client", answer)
    equal(worker.report("heartbeat", claim).status, 404, "its worker gets 404")


def ending():
    shared().verify("dialects")
    shared().stop("dialects")


run_tests(lives, ended_leases, fields, cancellation, ending)
