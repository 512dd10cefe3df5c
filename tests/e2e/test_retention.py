"""Removal of finished tasks by their age."""
import time

from lib import Instance, run_tests
from tap import equal, ok, until

TASKS = "/v1/tasks"
UPLYNK = "/api/v4/managed-slicer"
KEPT = "2"  # seconds
CONF = {
    "retention.native.succeeded": KEPT + "s",
    "retention.uplynk.succeeded": KEPT + "s",
    "retention.failed": "1d",
}


def ask(instance, method, path, body=None):
    kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
    headers = instance.bearer() + ([("Content-Type", kind)] if body is not None else [])
    return instance.request(method, path, body, headers=headers)


def create(instance, state):
    answer = ask(instance, "POST", TASKS, {"state": state})
    equal(answer.status, 201, f"POST of a {state} task: 201")
    return answer.json()


def status_of(instance, task):
    return ask(instance, "GET", f"{TASKS}/{task['id']}").status


def rules_apply(instance):
    """Succeeded native tasks are removed, failed ones and unfinished ones are kept."""
    succeeded, failed, pending = (
        create(instance, state) for state in ("succeeded", "failed", "pending")
    )
    ok("kept_until" in succeeded and "kept_until" in failed, "kept_until of finished tasks")
    ok("kept_until" not in pending, "no kept_until of a pending task")
    ok(succeeded["kept_until"] > succeeded["finished_at"], "kept_until is after finished_at")
    ok(
        until(lambda: status_of(instance, succeeded) == 404, 10),
        "the succeeded task is removed",
    )
    equal(status_of(instance, failed), 200, "the failed task is kept")
    equal(status_of(instance, pending), 200, "the pending task is kept")


def collections_of_uplynk_are_bounded(instance):
    """A finished task of an ingest point leaves the collection; the point stays."""
    answer = ask(
        instance,
        "POST",
        UPLYNK + "/slicers/ingest-points",
        {"endpoint_name": "a", "server_region_id": "b", "stream_type_name": "SRT"},
    )
    equal(answer.status, 200, "POST of an ingest point: 200")
    listed = ask(instance, "GET", UPLYNK + "/ingest-points/tasks").json()
    equal(listed["total_items"], 1, "its task is in the collection")
    task = listed["items"][0]
    time.sleep(float(KEPT) + 1.5)
    equal(status_of(instance, task), 200, "the task is kept while it has not ended")
    answer = ask(instance, "PATCH", f"{TASKS}/{task['id']}", {"state": "succeeded"})
    equal(answer.status, 200, "PATCH to succeeded: 200")
    tasks = UPLYNK + "/ingest-points/tasks"
    ok(
        until(lambda: ask(instance, "GET", tasks).json()["total_items"] == 0, 10),
        "the ended task leaves the collection",
    )
    points = ask(instance, "GET", UPLYNK + "/slicers/ingest-points").json()
    equal(points["total_items"], 1, "the ingest point is kept")


def retention():
    """One instance with rules for some dialects and outcomes."""
    instance = Instance(conf=CONF)
    rules_apply(instance)
    collections_of_uplynk_are_bounded(instance)
    equal(instance.status()["store"]["retention_removed"], 2, "status counts removed tasks")
    ok(instance.status()["store"]["retention_pass"] > 0, "status has the last pass")
    equal(len(instance.events("retention")), 2, "one log line per pass that removed tasks")
    instance.verify("retention")
    instance.stop("retention")


run_tests(retention)
