"""Quotas of tasks and bytes of a tenant: the refusal of each dialect, removal, polytaskctl quota."""
import json
import threading

from dialects import DIALECTS
from lib import Instance, run_tests
from tap import equal, ok, until

SENTENCE = "The storage quota is used up; nothing was changed."
ITEM = "/item-%d/product/adbreaks/version/1.0.1"


def creations(instance, number):
    """A request of each dialect that creates a task."""
    bodies = {name: known.body for name, known in DIALECTS.items()}
    return {
        "vionlabs": lambda: instance.vionlabs("POST", ITEM % number, bodies["vionlabs"]),
        "uplynk": lambda: instance.uplynk("POST", "/slicers/ingest-points", bodies["uplynk"]),
        "fourhse": lambda: instance.fourhse("POST", "/create", bodies["fourhse"]),
        "idol": lambda: instance.idol("POST", "/import-tasks", bodies["idol"]),
        "virtshell": lambda: instance.post("/tasks/", bodies["virtshell"]),
        "native": lambda: instance.native("POST", "/tasks", bodies["native"]),
    }


def usage(instance):
    lines = map(json.loads, instance.ctl("quota", "list", "--json").splitlines())
    return {line["tenant"]: line for line in lines}


def tasks_of(instance):
    return int(usage(instance)["demo"]["tasks"])


def check_refusal(instance, dialect, answer):
    known = DIALECTS[dialect]
    equal(answer.status, 403, f"{dialect}: a creation over the quota: 403")
    request_id = answer.headers.get("X-Request-Id", "")
    body = known.refusal_body(403, SENTENCE).replace("REQUEST", request_id)
    equal(
        answer.body.decode(),
        body.replace("problems/forbidden", "problems/storage-quota"),
        f"{dialect}: body",
    )
    lines = until(
        lambda: [line for line in instance.events("limited") if line["id"] == request_id], 5
    )
    equal(
        [(line["reason"], line["dialect"]) for line in lines],
        [("storage-quota", dialect)],
        f"{dialect}: the log has the reason",
    )


def dialects():
    instance = Instance(expect=("quota",), conf={"tenant_tasks": "7"})
    equal(
        [(name, make().status // 100) for name, make in creations(instance, 1).items()],
        [(name, 2) for name in creations(instance, 1)],
        "creations within the quota",
    )
    equal(tasks_of(instance), 7, "an ingest point and its task count as two")
    for name, make in creations(instance, 2).items():
        check_refusal(instance, name, make())
    point = {"operation": "CREATE", "ingest_point": "0" * 32, "reserved_domain_name": "x"}
    native = {"dialect": "uplynk", "state": "succeeded", "fields": point}
    check_refusal(instance, "native", instance.native("POST", "/tasks", native))
    equal(instance.vionlabs("POST", ITEM % 1, {"priority": "high"}).status, 200, "a repeated upsert")
    equal(tasks_of(instance), 7, "refused creations leave nothing")

    instance.ctl("user", "add", "ann", "--tenant", "other")
    other = instance.add_token("ann", "ann")
    equal(
        instance.native("POST", "/tasks", {}, token=other).status, 201, "another tenant may create"
    )
    first = instance.native("GET", "/tasks?limit=1").json()["items"][0]["id"]
    equal(instance.native("DELETE", "/tasks/" + first).status, 204, "a removal")
    made = instance.native("POST", "/tasks", {})
    equal(made.status, 201, "the place of a removed task can be taken")
    equal(instance.native("POST", "/tasks", {}).status, 403, "and only once")
    instance.verify("after the refusals")
    instance.stop("dialects")


def state_of(instance, task, **members):
    headers = [("Content-Type", "application/merge-patch+json")]
    body = json.dumps({"fields": members}).encode()
    return instance.request("PATCH", "/v1/tasks/" + task, body, instance.bearer() + headers).status


def bytes_and_commands():
    instance = Instance(expect=("quota",))
    made = instance.native("POST", "/tasks", {"fields": {"text": "x" * 1000}})
    task = made.json()["id"]
    equal(usage(instance)["demo"]["max_bytes"], None, "no quota by default")
    used = usage(instance)["demo"]["bytes"]
    instance.ctl("quota", "set", "demo", "--bytes", used)
    equal(instance.native("POST", "/tasks", {}).status, 403, "a new quota is in force at once")
    equal(state_of(instance, task, text="x" * 1050), 200, "a change may use an eighth more")
    equal(state_of(instance, task, text="x" * 1300), 403, "growth beyond that: 403")
    equal(state_of(instance, task, text="x" * 900), 200, "a change that shrinks the task: 200")
    equal(
        instance.native("POST", f"/tasks/{task}/archive").status, 200, "an archival over the quota"
    )
    listed = usage(instance)["demo"]
    equal(
        (listed["max_bytes"], listed["own"], listed["tasks"]),
        (used, "bytes", "1"),
        "quota list has the limit and the usage",
    )
    equal(instance.stop_daemon(), 0, "polytaskd stops")
    equal(usage(instance)["demo"], listed, "quota list without the service")
    instance.start()
    instance.ctl("quota", "set", "demo", "--bytes", "default", "--tasks", "40")
    answers = []
    threads = [
        threading.Thread(
            target=lambda: [
                answers.append(instance.native("POST", "/tasks", {}).status) for _ in range(8)
            ]
        )
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal(sorted(answers), [201] * 39 + [403] * 25, "concurrent creations do not exceed the quota")
    equal(tasks_of(instance), 40, "40 tasks are counted")
    done = instance.ctl_run("quota", "recount")
    equal((done.returncode, done.stdout), (0, "0 tenants corrected\n"), "quota recount")
    done = instance.ctl_run("quota", "set", "demo")
    ok(done.returncode == 2 and "--tasks" in done.stderr, "quota set without a limit", done)
    instance.stop("bytes")


run_tests(dialects, bytes_and_commands)
