"""VirtShell's documented commands, run with curl through TLS, nginx, workers and store."""
import functools
import json
import os
import re
import subprocess
import time

from dialects import virtshell
from lib import Instance, run_tests
from tap import equal, ok

UUID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")
NO_ADDRESS = b'{"error":"There is nothing at this address."}'

FORM = "application/x-www-form-urlencoded"

# One instance for the tests that leave it usable.
shared = functools.cache(Instance)


def curl(instance, method, path, *args, http="--http2", content_type=""):
    """Runs a documented command with another host and signature."""
    signature = [
        word
        for line in instance.sign(method, path, content_type)
        for word in ("-H", ": ".join(line))
    ]
    done = subprocess.run(
        [
            "curl",
            "-si",
            "--noproxy",
            "*",
            http,
            "--cacert",
            instance.cert,
            "-X",
            method,
            "-H",
            "accept: application/json",
            *signature,
            *args,
            f"https://{instance.host}{path}",
        ],
        capture_output=True,
        timeout=30,
    )
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = {
        name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])
    }
    return int(lines[0].split()[1]), headers, body


def create(instance, http):
    status, headers, body = curl(
        instance,
        "POST",
        virtshell.PREFIX + "/tasks",
        "-d",
        '{ "description": "clone virtual machine database_01",\n        "status" : "in progress"}',
        http=http,
        content_type=FORM,
    )
    answer = json.loads(body)
    equal(status, 200, f"{http}: POST: 200")
    equal(headers.get("content-type"), "application/json", f"{http}: POST: Content-Type")
    equal(answer.get("create"), "success", f'{http}: {{"create": "success"}}')
    ok(UUID.match(answer.get("task_id", "")), f"{http}: POST returns task_id", body)
    return answer["task_id"]


def read(instance, http, uuid, now):
    status, headers, body = curl(instance, "GET", f"{virtshell.PREFIX}/tasks/{uuid}", http=http)
    task = json.loads(body)
    equal(
        (status, headers.get("content-type")),
        (200, "application/json"),
        f"{http}: GET of a task: 200",
    )
    equal(
        {name: task.get(name) for name in ("uuid", "description", "status")},
        {
            "uuid": uuid,
            "description": "clone virtual machine database_01",
            "status": "in progress",
        },
        f"{http}: GET returns the created task",
    )
    equal(
        sorted(task),
        ["created", "description", "last_update", "log", "status", "type", "uuid"],
        f"{http}: GET returns the documented members and a type",
    )
    equal(sorted(task["created"]), ["at", "by"], f"{http}: created has at and by")
    ok(
        isinstance(task["created"]["at"], str)
        and now <= int(task["created"]["at"]) <= now + 10,
        f"{http}: times are seconds as strings",
        task,
    )
    ok(UUID.match(task["created"]["by"]), f"{http}: created.by is a user's id", task)
    return task


def update(instance, http, uuid):
    status, _, body = curl(
        instance,
        "PUT",
        f"{virtshell.PREFIX}/hosts/{uuid}",
        "-d",
        '{"status": "sucess",\n     "log": "....."}',
        http=http,
        content_type=FORM,
    )
    equal((status, json.loads(body)), (200, {"update": "success"}), f"{http}: PUT: 200")
    status, _, body = curl(instance, "GET", virtshell.PREFIX + "/tasks/sucess", http=http)
    rows = [row for row in json.loads(body)["tasks"] if row["uuid"] == uuid]
    equal(status, 200, f"{http}: GET by status: 200")
    equal(
        [(row["status"], row["log"], row["description"]) for row in rows],
        [("sucess", ".....", "clone virtual machine database_01")],
        f"{http}: GET by status lists the updated task",
    )
    status, _, body = curl(
        instance, "GET", virtshell.PREFIX + "/tasks/status/sucess", http=http
    )
    ok(
        uuid in [row["uuid"] for row in json.loads(body)["tasks"]],
        f"{http}: GET /tasks/status/STATUS lists it",
    )


def documented():
    """The documented commands in their order, over HTTP/2 (curl's default), then HTTP/1.1."""
    instance = shared()
    for http in ("--http2", "--http1.1"):
        before = len(instance.tasks())
        now = int(time.time())
        uuid = create(instance, http)
        task = read(instance, http, uuid, now)
        status, _, body = curl(instance, "GET", virtshell.PREFIX + "/tasks/", http=http)
        listed = json.loads(body)
        equal((status, list(listed)), (200, ["tasks"]), f"{http}: GET of all tasks: 200")
        equal(len(listed["tasks"]), before + 1, f"{http}: GET of all tasks lists the new one")
        ok(task in listed["tasks"], f"{http}: a row of the list equals the task", body[:500])
        update(instance, http, uuid)


def documented_tasks():
    """The two documented tasks are imported and read as documented."""
    instance = shared()
    sample = json.loads(
        instance.ctl("show", instance.create(description="a sample"), "--tenant", "demo")
    )
    document = [
        (
            "ab8076c0-db91-11e2-82ce-0002a5d5c51b",
            "clone virtual machine database_01",
            "in progress",
            "running",
            1429207233,
            "92d30f0c-8c9c-11e5-8994-feff819cdc9f",
            1429207435,
        ),
        (
            "a62ad146-ccf4-11e5-9956-625662870761",
            "create container webserver_09",
            "sucess",
            "succeeded",
            1454433171,
            "cc7f8e2c-ccf4-11e5-9956-625662870761",
            1454436771,
        ),
    ]
    lines = []
    for uuid, description, word, state, created, by, updated in document:
        task = dict(
            sample,
            id=uuid,
            status=word,
            state=state,
            created=created * 1000,
            updated=updated * 1000,
            created_by=by,
            updated_by=by,
        )
        task["fields"] = {"description": description, "log": "summary of the task"}
        lines.append(json.dumps(task))
    instance.ctl("import", stdin="\n".join(lines) + "\n")
    for uuid, description, word, _, created, by, updated in document:
        status, _, body = curl(instance, "GET", f"{virtshell.PREFIX}/tasks/{uuid}")
        equal(
            (status, json.loads(body)),
            (
                200,
                {
                    "uuid": uuid,
                    "description": description,
                    "status": word,
                    "type": "",
                    "created": {"at": str(created), "by": by},
                    "last_update": str(updated),
                    "log": "summary of the task",
                },
            ),
            f"{description}: as documented",
        )
    status, _, body = curl(
        instance,
        "PUT",
        virtshell.PREFIX + "/hosts/a62ad146-ccf4-11e5-9956-625662870761",
        "-d",
        '{"status": "sucess",\n     "log": "....."}',
        content_type="application/x-www-form-urlencoded",
    )
    equal(
        (status, body), (200, b'{"update":"success"}'), "the documented PUT of that task"
    )
    for uuid, *_ in document:
        equal(
            instance.request("DELETE", f"{virtshell.PREFIX}/tasks/{uuid}").body,
            b'{"delete":"success"}',
            "DELETE of that task",
        )


def addresses():
    instance = shared()
    uuid = instance.create(description="by every address", status="pending")
    for base in ("/api/virtshell/v1", "/virtshell/api/v1", "/api/virtsh/v1"):
        for slash in ("", "/"):
            for path in (f"/tasks/{uuid}", f"/tasks/{uuid.upper()}"):
                answer = instance.request("GET", base + path + slash)
                equal(
                    (answer.status, answer.json().get("uuid")),
                    (200, uuid),
                    f"GET {base}{path}{slash}",
                )
            for path in ("/tasks", "/tasks/pending", "/tasks/status/pending"):
                answer = instance.request("GET", base + path + slash)
                ok(
                    answer.status == 200
                    and uuid in [row["uuid"] for row in answer.json()["tasks"]],
                    f"GET {base}{path}{slash}",
                    answer,
                )
            answer = instance.request("POST", base + "/tasks" + slash, {"description": "another"})
            equal(answer.status, 200, f"POST {base}/tasks{slash}")
            for path in (f"/tasks/{uuid}", f"/hosts/{uuid}"):
                answer = instance.request("PUT", base + path + slash, {"log": "seen"})
                equal(
                    (answer.status, answer.body),
                    (200, b'{"update":"success"}'),
                    f"PUT {base}{path}{slash}",
                )
        # The signature covers the address of the request.
        answer = instance.request(
            "GET", base + "/tasks/pending", headers=instance.sign("GET", base + "/tasks/pending")
        )
        equal(answer.status, 200, f"signed: {base}")
    for path in (
        "/tasks/",
        "/api/virtshell/v2/tasks",
        "/api/virtshell/v1x/tasks",
        "/",
        "/index.html",
    ):
        equal(
            (instance.request("GET", path).status, instance.request("GET", path).body),
            (404, NO_ADDRESS),
            f"GET {path}: 404",
        )
    for path in ("", "/", "/hosts", "/tasks/status/a/b", "/tasks/x/y", "/nothing"):
        equal(
            (instance.get(path).status, instance.get(path).body),
            (404, NO_ADDRESS),
            f"GET {virtshell.PREFIX}{path}: 404",
        )


def statuses():
    instance = shared()
    made = {
        word: instance.create(description="s", status=word)
        for word in ("in progress", "success", "sucess", "dispatched", "a/b", "größer", "x+y")
    }

    def found(path):
        answer = instance.get(path)
        if answer.status != 200:
            return answer
        return {task["uuid"] for task in answer.json()["tasks"]}

    for form in ("/tasks/", "/tasks/status/"):
        ok(made["in progress"] in found(form + "in%20progress"), f"{form}in%20progress")
        ok(
            {made["success"], made["sucess"]} <= found(form + "sucess"),
            f"{form}sucess lists both spellings",
        )
        ok(
            {made["success"], made["sucess"]} <= found(form + "success"),
            f"{form}success lists both spellings",
        )
        equal(
            found(form + "dispatched"),
            {made["dispatched"]},
            f"{form}dispatched: any status is accepted",
        )
    form = "/tasks/status/"
    equal(found(form + "a%2Fb"), {made["a/b"]}, "an encoded slash is not a separator")
    equal(found(form + "gr%C3%B6%C3%9Fer"), {made["größer"]}, f"{form}größer")
    equal(found(form + "x+y"), {made["x+y"]}, f"{form}x+y: a plus in a path is a plus")
    equal(found(form + "in+progress"), set(), f"{form}in+progress: empty list")
    equal(instance.get(form + "never-heard").body, b'{"tasks":[]}', "never-heard: empty list")
    for key in ("never-heard", "in+progress", "PENDING", made["success"][:-1]):
        equal(instance.get("/tasks/" + key).status, 404, f"/tasks/{key}: 404")
    equal(
        instance.get("/tasks/" + made["success"]).json()["status"],
        "success",
        "a status keeps its spelling",
    )
    for path in ("/tasks/status", "/tasks/status/"):
        answer = instance.get(path)
        equal(
            (answer.status, answer.body),
            (400, b'{"error":"missing status name parameter"}'),
            f"GET {path}",
        )
    # A task is listed under its current status only.
    instance.put("/tasks/" + made["dispatched"], {"status": "setting up"})
    equal(
        found("/tasks/dispatched"),
        set(),
        "PUT status removes the task from the list of its old status",
    )
    equal(
        found("/tasks/setting%20up"),
        {made["dispatched"]},
        "PUT status adds the task to the list of its new status",
    )


def too_large():
    """HTTP/2 and HTTP/1.1, which nginx handles separately, get the same refusal."""
    instance = shared()
    big = os.path.join(instance.dir, "big")
    with open(big, "wb") as body:
        body.write(b"0" * (17 << 20))
    for http in ("--http2", "--http1.1"):
        status, _, body = curl(
            instance,
            "POST",
            virtshell.PREFIX + "/tasks",
            "-H",
            "Expect:",
            "--data-binary",
            "@" + big,
            http=http,
            content_type="application/x-www-form-urlencoded",
        )
        equal(
            (status, body),
            (413, b'{"error":"The request is too large."}'),
            f"{http}: a body of 17 MiB: 413",
        )


def ending():
    shared().verify("documented")
    shared().stop("documented")


run_tests(documented, documented_tasks, addresses, statuses, too_large, ending)
