"""Trace contexts: taken up at any dialect's request, logged, kept with the task, and handed on."""
import json

from external_client import Worker
from lib import Instance, run_tests
from receivers import Receivers, answers
from tap import equal, ok, until
from webhook_calls import LOOPBACK, add_hook

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
PARENT = f"00-{TRACE}-{SPAN}-01"
STATE = "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"
LINES = [("traceparent", PARENT), ("tracestate", STATE)]
JSON = [("Content-Type", "application/json")]


def create(instance, lines, **members):
    answer = instance.request(
        "POST", "/v1/tasks", members, headers=instance.bearer() + JSON + list(lines)
    )
    if answer.status != 201:
        raise RuntimeError(f"create: {answer}")
    return answer


def read(instance, task):
    return instance.request("GET", f"/v1/tasks/{task}", headers=instance.bearer()).json()


def trace_of(task):
    return task.get("traceparent"), task.get("tracestate")


def logged(instance, answer):
    """The log line of the answer's request."""
    request_id = answer.headers["X-Request-Id"]
    return until(
        lambda: next((line for line in instance.events() if line.get("id") == request_id), None), 5
    )


def taken_up():
    instance = Instance()
    answer = create(instance, LINES)
    equal(trace_of(answer.json()), (PARENT, STATE), "the response to a creation has the trace")
    line = logged(instance, answer)
    equal((line.get("trace_id"), line.get("span_id")), (TRACE, SPAN), "the log has both ids")
    task = answer.json()["id"]
    later = [("traceparent", PARENT.replace("0af", "1af"))]
    answer = instance.request(
        "PATCH",
        f"/v1/tasks/{task}",
        {"priority": 1},
        headers=instance.bearer() + JSON + later,
    )
    equal(answer.json()["traceparent"], PARENT, "a change keeps the trace of the creation")
    equal(logged(instance, answer)["trace_id"], TRACE.replace("0af", "1af"), "and is logged with its own")
    for name, lines in {
        "no traceparent": [("tracestate", STATE)],
        "zeros only": [("traceparent", f"00-{'0' * 32}-{SPAN}-01")],
        "upper case": [("traceparent", PARENT.upper())],
        "another form": [("traceparent", "01234")],
        "two of them": [("traceparent", PARENT), ("traceparent", PARENT)],
    }.items():
        answer = create(instance, lines)
        equal(trace_of(answer.json()), (None, None), f"{name}: none")
        ok("trace_id" not in logged(instance, answer), f"{name}: not logged")
    answer = create(instance, [("traceparent", PARENT), ("tracestate", "x" * 600)])
    equal(trace_of(answer.json()), (PARENT, None), "a tracestate that is too long is dropped")
    answer = create(instance, [("traceparent", "cc" + PARENT[2:] + "-more")])
    equal(answer.json()["traceparent"], PARENT, "a later version is kept as version 00")
    answer = instance.request(
        "POST", "/v1/tasks", {"traceparent": PARENT}, headers=instance.bearer() + JSON
    )
    equal(answer.status, 422, "the member is read-only")
    instance.stop("taken up")


def handed_on():
    """By a claim, by the external-task API, by an export, and to webhooks."""
    instance, receivers = Instance(conf=LOOPBACK), Receivers()
    for name in ("traced", "own"):
        headers = {"traceparent": "mine"} if name == "own" else {}
        url = receivers.on(f"/{name}", answers(200))
        add_hook(
            instance, url, format="standard", filter={"types": ["task.created"]}, headers=headers
        )
    answer = instance.request(
        "POST",
        "/api/virtshell/v1/tasks",
        {"description": "x", "type": "create_host"},
        headers=instance.bearer() + JSON + LINES,
    )
    equal(answer.status, 200, "a creation by VirtShell's API")
    claim = instance.request(
        "POST",
        "/v1/claims",
        {"worker": "w", "dialects": ["virtshell"], "wait": 5},
        headers=instance.bearer() + JSON,
    ).json()["claims"][0]
    equal(trace_of(claim["task"]), (PARENT, STATE), "the claim has the trace of the creation")
    create(instance, LINES, kind="k")
    topic = {"topicName": "native.k", "lockDuration": 60000, "includeExtensionProperties": True}
    fetch = {"workerId": "w1", "maxTasks": 1, "topics": [topic]}
    extension = Worker(instance).ask("POST", "/fetchAndLock", fetch).json()[0]["extensionProperties"]
    equal(trace_of(extension), (PARENT, STATE), "an external task has it, too")
    for name, want in (("traced", (PARENT, STATE)), ("own", ("mine", None))):
        calls = until(lambda path=f"/{name}": len(receivers.of(path)) >= 2 and receivers.of(path), 10)
        equal(
            {trace_of(call.headers) for call in calls or []},
            {want},
            f"{name}: the header of webhooks",
        )
    export = instance.ctl("export")
    lines = [json.loads(line) for line in export.splitlines()]
    found = {line["id"]: trace_of(line) for line in lines if "tracestate" in line}
    equal(found[claim["task"]["id"]], (PARENT, STATE), "an export has it")
    other = Instance()
    other.ctl("import", stdin=export)
    equal(trace_of(read(other, claim["task"]["id"])), (PARENT, STATE), "an import keeps it")
    other.stop("imported")
    instance.stop("handed on")
    receivers.close()


run_tests(taken_up, handed_on)
