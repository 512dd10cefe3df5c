"""Uplynk: ingest points, and the task that each operation on one creates."""
import calendar
import re
import time

from lib import Instance, run_tests
from tap import equal, ok
from uplynk_client import POINTS, STUDIO, TASKS, create, error, points, seen, shared, tasks

UUID4 = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def seconds(text):
    return calendar.timegm(time.strptime(text, "%b %d, %Y %I:%M:%S %p"))


def check_task(instance, task, operation, after):
    equal(
        list(task),
        ["@id", "@type", "id", "state", "operation", "timestamp"],
        f"{operation}: members of the task in the documented order",
    )
    equal(
        (task["@id"], task["@type"], task["state"], task["operation"]),
        (f"{TASKS}/{task['id']}", "ReservedEndpointTask", "IN_PROGRESS", operation),
        f"{operation}: the new task is in progress",
    )
    ok(
        UUID4.fullmatch(task["id"]),
        f"{operation}: the id of the task is a UUID of version 4",
        task["id"],
    )
    ok(
        isinstance(task["timestamp"], int) and after <= task["timestamp"] <= time.time() + 1,
        f"{operation}: timestamp is the current time",
        task["timestamp"],
    )
    equal(
        instance.request("GET", task["@id"]).json(),
        task,
        f"{operation}: GET of @id returns the task",
    )


def check_point(instance, answer):
    equal(
        list(answer),
        ["@id", "@type", "created", "desc", "endpoint_name", "id", "ingest_point", "lastmod"]
        + ["server_region_id", "stream_type_id", "stream_type_name"],
        "POST: members of the ingest point",
    )
    ok(
        re.fullmatch("[0-9a-f]{32}", answer["id"]),
        "POST: id is 32 hexadecimal digits",
        answer["id"],
    )
    ok(
        abs(seconds(answer["created"]) - time.time()) < 30,
        "POST: created is the current time",
        answer["created"],
    )
    equal({name: answer[name] for name in STUDIO}, STUDIO, "POST keeps the given members")
    read = instance.request("GET", answer["@id"]).json()
    place = read["ingest_point"]
    equal(
        (place.pop("creation_time"), place.pop("ingest_point_id")),
        (answer["created"], answer["id"]),
        "GET has two more members in ingest_point",
    )
    equal(read, answer, "GET has the members of the POST")
    equal(points(instance)[-1]["id"], answer["id"], "the new ingest point is the last of the list")


def native(instance, task):
    return instance.request("GET", "/v1/tasks/" + task["id"]).json()


def finish(instance, task, state, **more):
    """A back end ends the task by the native API."""
    headers = instance.bearer() + [("Content-Type", "application/merge-patch+json")]
    answer = instance.request(
        "PATCH", "/v1/tasks/" + task["id"], {"state": state, **more}, headers=headers
    )
    equal(answer.status, 200, f"{task['operation']}: PATCH to {state}")
    return answer.json()


def life():
    """POST, PATCH and DELETE of an ingest point create three tasks in this order."""
    instance = Instance()
    begun = int(time.time())
    equal((tasks(instance), points(instance)), ([], []), "lists are empty at first")
    made = create(instance)
    check_point(instance, made)
    listed = tasks(instance)
    equal(len(listed), 1, "POST creates one task")
    check_task(instance, listed[0], "CREATE", begun)
    time.sleep(1.1)
    answer = instance.request("PATCH", made["@id"], {"endpoint_name": "Stúdio B"})
    changed = answer.json()
    equal(
        (answer.status, changed["endpoint_name"]),
        (200, "Stúdio B"),
        "PATCH returns the ingest point",
    )
    equal(changed["desc"], "Main feed", "PATCH keeps other members")
    ok(seconds(changed["lastmod"]) > seconds(made["lastmod"]), "PATCH sets lastmod")
    equal(changed["created"], made["created"], "PATCH keeps created")
    listed = tasks(instance)
    equal(
        [task["operation"] for task in listed], ["CREATE", "UPDATE"], "PATCH creates a second task"
    )
    check_task(instance, listed[1], "UPDATE", begun + 1)
    answer = instance.request("DELETE", made["@id"])
    gone = answer.json()
    equal((answer.status, list(gone)), (200, ["@id", "@type", "task"]), "DELETE returns its task")
    equal(
        (gone["@id"], gone["@type"]),
        (made["@id"], "IngestPoint"),
        "DELETE: @id and @type of the ingest point",
    )
    kept = instance.request("GET", made["@id"])
    equal(
        ([point["id"] for point in points(instance)], kept.status, kept.json()["endpoint_name"]),
        ([made["id"]], 200, "Stúdio B"),
        "the ingest point stays until the task is complete",
    )
    again = instance.request("DELETE", made["@id"])
    equal(seen(again), seen(answer), "DELETE again: the same task")
    equal(
        seen(instance.request("PATCH", made["@id"], {"desc": "x"})),
        error(409, "The ingest point is being removed."),
        "PATCH during the removal: 409",
    )
    task = native(instance, gone["task"])
    equal(
        {name: task["fields"][name] for name in STUDIO},
        {**STUDIO, "endpoint_name": "Stúdio B"},
        "the DELETE task has all members of the ingest point",
    )
    check_task(instance, tasks(instance)[2], "DELETE", begun + 1)
    finish(instance, gone["task"], "succeeded")
    equal(points(instance), [], "the completed DELETE removes the ingest point")
    missing = error(404, "There is no such ingest point.")
    equal(seen(instance.request("GET", made["@id"])), missing, "GET after DELETE: 404")
    equal(seen(instance.request("DELETE", made["@id"])), missing, "DELETE again: 404")
    equal(
        seen(instance.request("PATCH", made["@id"], {"desc": "x"})),
        missing,
        "PATCH after DELETE: 404",
    )
    listed = tasks(instance)
    equal(len(listed), 3, "DELETE keeps the tasks; refused requests create none")
    equal(
        gone["task"],
        {"id": listed[2]["id"], "state": "IN_PROGRESS", "operation": "DELETE"},
        "DELETE: task has the id, state and operation of the third task",
    )
    restart(instance)


def restart(instance):
    kept = create(instance, endpoint_name="kept", desc=None)
    listed = tasks(instance)
    equal(instance.stop_daemon(), 0, "polytaskd stops")
    instance.start()
    equal(tasks(instance), listed, "the tasks are the same after a restart")
    equal(
        [point["id"] for point in points(instance)],
        [kept["id"]],
        "the ingest point is the same after a restart",
    )
    instance.verify("points and tasks")
    instance.stop("life")


def keys():
    """A repeated Idempotency-Key creates no second ingest point and no second task."""
    instance = shared()
    headers = instance.bearer() + [("Idempotency-Key", '"studio-1"')]
    first = instance.request("POST", POINTS, STUDIO, headers=headers)
    count = (len(points(instance)), len(tasks(instance)))
    again = instance.request("POST", POINTS, STUDIO, headers=headers)
    equal(seen(again), seen(first), "POST with the same Idempotency-Key: the same answer")
    answer = instance.request("POST", POINTS, {**STUDIO, "desc": "other"}, headers=headers)
    equal(
        (answer.status, answer.json()["@type"]),
        (422, "Error"),
        "the same Idempotency-Key, another body: 422",
    )
    equal((len(points(instance)), len(tasks(instance))), count, "repeated POSTs create nothing")
    path = first.json()["@id"]
    headers = instance.bearer() + [("Idempotency-Key", '"studio-2"')]
    first = instance.request("DELETE", path, headers=headers)
    again = instance.request("DELETE", path, headers=headers)
    equal(seen(again), seen(first), "DELETE with the same Idempotency-Key: the same answer")
    equal(
        (len(points(instance)), len(tasks(instance))),
        (count[0], count[1] + 1),
        "the repeated DELETE creates one task",
    )


def queue():
    """Tasks wait until a back end takes them."""
    instance = shared()
    point = create(instance, endpoint_name="queue")
    task = tasks(instance)[-1]
    path = f"/v1/tasks?dialect=uplynk&state=pending&fields.ingest_point={point['id']}"
    found = instance.request("GET", path).json()["items"]
    equal(
        [(item["id"], item["status"], item["started_at"]) for item in found],
        [(task["id"], "PENDING", None)],
        "a list of the native API finds the pending task of a point",
    )
    equal(task["state"], "IN_PROGRESS", "Uplynk's clients see IN_PROGRESS")
    taken = finish(instance, task, "running")
    ok(taken["started_at"], "started_at is set when the task is taken", taken)


def removal_fails():
    """A removal that failed brings the point back, and can be retried."""
    instance = shared()
    point = create(instance, endpoint_name="stays")
    for state in ("failed", "cancelled"):
        task = instance.request("DELETE", point["@id"]).json()["task"]
        finish(instance, task, state)
        listed = {item["id"]: item for item in tasks(instance)}
        equal(listed[task["id"]]["state"], "FAILED", f"{state}: FAILED")
        answer = instance.request("PATCH", point["@id"], {"desc": state})
        equal((answer.status, answer.json()["desc"]), (200, state), f"{state}: PATCH works again")
    task = instance.request("DELETE", point["@id"]).json()["task"]
    finish(instance, task, "failed")
    finish(instance, task, "pending")
    equal(
        instance.request("PATCH", point["@id"], {"desc": "x"}).status,
        409,
        "a retried removal is a removal again",
    )
    again = instance.request("DELETE", point["@id"]).json()["task"]
    equal(again["id"], task["id"], "DELETE shows the retried task")
    answer = instance.request("DELETE", "/v1/tasks/" + task["id"])
    equal(answer.status, 204, "the native API removes the task itself")
    equal(instance.request("PATCH", point["@id"], {"desc": "y"}).status, 200, "the point is back")
    task = instance.request("DELETE", point["@id"]).json()["task"]
    finish(instance, task, "succeeded")
    equal(instance.request("GET", point["@id"]).status, 404, "COMPLETED: 404")


def results():
    """A completed CREATE or UPDATE says where to push to."""
    instance = shared()
    point = create(instance, endpoint_name="push", stream_type_name="RTMP")
    place = {
        "reserved_domain_name": "in-7.example.com",
        "reserved_ports": {"SRT": [7001, 7002]},
        "secure_rtmp_url": "rtmps://in-7.example.com/live",
    }
    task = tasks(instance)[-1]
    for name, value in (
        ("reserved_domain_name", ""),
        ("reserved_domain_name", "x" * 256),
        ("reserved_ports", [1]),
        ("secure_rtmp_url", 5),
    ):
        headers = instance.bearer() + [("Content-Type", "application/merge-patch+json")]
        answer = instance.request(
            "PATCH",
            "/v1/tasks/" + task["id"],
            {"state": "succeeded", "fields": {name: value}},
            headers=headers,
        )
        equal(
            (answer.status, answer.json()["errors"][0]["pointer"]),
            (422, "/fields/" + name),
            f"{name}: {str(value)[:9]}: 422",
        )
    finish(instance, task, "succeeded", fields=place)
    shown = instance.request("GET", point["@id"]).json()["ingest_point"]
    equal({name: shown[name] for name in place}, place, "the point shows the result")
    changed = instance.request("PATCH", point["@id"], {"desc": "moved"}).json()
    equal(changed["ingest_point"]["reserved_ports"], place["reserved_ports"], "UPDATE keeps it")
    task = tasks(instance)[-1]
    finish(instance, task, "running", fields={"reserved_domain_name": "in-8.example.com"})
    shown = instance.request("GET", point["@id"]).json()["ingest_point"]
    equal(shown["reserved_domain_name"], "in-7.example.com", "not before the task is complete")
    finish(instance, task, "succeeded")
    shown = instance.request("GET", point["@id"]).json()["ingest_point"]
    equal(shown["reserved_domain_name"], "in-8.example.com", "an UPDATE may change it")
    task = instance.request("DELETE", point["@id"]).json()["task"]
    equal(
        native(instance, task)["fields"]["reserved_ports"],
        place["reserved_ports"],
        "the DELETE task has it too",
    )


def completes_itself():
    """With uplynk_complete the documented loop ends without a back end."""
    instance = Instance(conf={"uplynk_complete": "1"})
    point = create(instance)
    gone = instance.request("DELETE", point["@id"]).json()
    path = f"{TASKS}/{gone['task']['id']}"
    equal(instance.request("GET", path).json()["state"], "COMPLETED", "DELETE, then COMPLETED")
    equal(instance.request("GET", point["@id"]).status, 404, "the point is gone")
    equal(
        [(task["operation"], task["state"]) for task in tasks(instance)],
        [("CREATE", "COMPLETED"), ("DELETE", "COMPLETED")],
        "all tasks are complete",
    )
    task = native(instance, gone["task"])
    equal(task["fields"]["endpoint_name"], "Studio A", "the DELETE task has the point")
    ok(task["finished_at"], "finished_at is set", task)
    instance.verify("completed tasks")
    instance.stop("completes itself")


def many():
    """Lists of 300 entries are complete and in the order of creation."""
    instance = Instance()
    connection = instance.connect()
    made = []
    for i in range(300):
        answer = instance.request(
            "POST", POINTS, {**STUDIO, "endpoint_name": f"p{i}"}, connection=connection
        )
        made.append(answer.json()["id"])
    connection.close()
    equal(
        [point["id"] for point in points(instance)],
        made,
        "300 ingest points in the order of creation",
    )
    listed = tasks(instance)
    equal(
        (len(listed), {task["operation"] for task in listed}),
        (300, {"CREATE"}),
        "300 tasks",
    )
    ok(
        [task["timestamp"] for task in listed] == sorted(task["timestamp"] for task in listed),
        "300 tasks in the order of creation",
    )
    equal(instance.tasks(), [], "VirtShell lists none of them")
    instance.verify("many points")
    instance.stop("many points")


def ending():
    shared().verify("after the requests")
    shared().stop("shared instance")


run_tests(life, keys, queue, removal_fails, results, completes_itself, many, ending)
