"""Uplynk's ingest points in the native API."""
from lib import Instance, run_tests
from tap import equal
from uplynk_client import POINTS, create, tasks


def native_points():
    """The native API lists, reads and changes points."""
    instance = Instance()
    made = [create(instance, endpoint_name=f"n{i}")["id"] for i in range(3)]
    path = "/v1/ingest-points"
    page = instance.request("GET", path + "?limit=2").json()
    rest = instance.request("GET", f"{path}?limit=2&cursor={page['next']}").json()
    listed = page["items"] + rest["items"]
    equal(
        ([item["id"].replace("-", "") for item in listed], page["total"], rest["next"]),
        (made, 3, None),
        "the list has pages in the order of creation",
    )
    one = f"{path}/{listed[0]['id']}"
    answer = instance.request("GET", one)
    equal((answer.json(), answer.headers["ETag"]), (listed[0], '"1"'), "GET of one")
    merge = [("Content-Type", "application/merge-patch+json")]

    def patch(body, *lines):
        return instance.request("PATCH", one, body, headers=instance.bearer() + merge + list(lines))

    place = {"reserved_domain_name": "in-9.example.com", "reserved_ports": {"SRT": [1]}}
    answer = patch({"fields": {**place, "desc": "set"}}, ("If-Match", '"1"'))
    equal((answer.status, answer.json()["revision"]), (200, 2), "PATCH sets fields")
    equal(patch({"fields": {}}, ("If-Match", '"1"')).status, 412, "PATCH with an old tag: 412")
    shown = instance.request("GET", f"{POINTS}/{made[0]}").json()
    equal(
        (shown["desc"], {name: shown["ingest_point"][name] for name in place}),
        ("set", place),
        "Uplynk's clients see it",
    )
    equal(patch({"fields": {"reserved_ports": None}}).status, 200, "null removes the ports")
    shown = instance.request("GET", f"{POINTS}/{made[0]}").json()
    equal(shown["ingest_point"]["reserved_ports"], {}, "they are empty again")
    for body in (
        {"state": "running"},
        {"fields": {"server_region_id": "x"}},
        {"fields": {"endpoint_name": None}},
        {"fields": {"reserved_ports": [1]}},
    ):
        equal(patch(body).status, 422, f"PATCH {body}: 422")
    equal(len(tasks(instance)), 3, "PATCH creates no task")
    task = instance.request("DELETE", f"{POINTS}/{made[0]}").json()["task"]
    equal(instance.request("GET", one).json()["removal"], task["id"], "removal names the task")
    equal(instance.request("GET", path + "?state=pending").status, 400, "other parameters: 400")
    equal(instance.request("GET", f"/v1/tasks/{listed[0]['id']}").status, 404, "it is no task")
    equal(instance.request("GET", f"{path}/{task['id']}").status, 404, "a task is no point")
    instance.verify("native points")
    instance.stop("native points")


def tasks_keep_their_point():
    """The native API changes neither the operation nor the point of a task."""
    instance = Instance()
    create(instance)
    task = instance.native("GET", "/tasks?dialect=uplynk").json()["items"][0]["id"]
    for field, value in (("operation", "DELETE"), ("ingest_point", "0" * 32)):
        answer = instance.native("PATCH", "/tasks/" + task, {"fields": {field: value}})
        equal(answer.status, 422, f"{field} cannot be changed")


run_tests(native_points, tasks_keep_their_point)
