"""MOVING rehearsed: its commands and lines, then the requests of each API's clients."""
import json
import os
import re
import shlex
import textwrap
import urllib.parse

from dialects.idol import DIALECT as IDOL
from lib import Instance, run_tests
from paths import SOURCE
from tap import equal, ok

NEXT = 900001  # of `number set` on the page
UUID = "c62ad146-ccf4-11e5-9956-625662870761"
POINT = "f0a214a437024a9c85c59f6f1bd55b3e"
OPERATION = "5eead8d6-79e3-4a3d-915e-a886199dfde0"
STEPS = "ab8076c0-db91-11e2-82ce-0002a5d5c51b"
SECRET = "kept-" + os.urandom(8).hex()

with open(os.path.join(SOURCE, "MOVING")) as page:
    PAGE = page.read()


def lines():
    """The lines of the page, joined as in a file."""
    found = re.findall(r'^    (\{"id".*?)\n\n', PAGE, re.M | re.S)
    return [json.loads(text) for text in found]


def commands(section):
    """The polytaskctl commands in a section of the page, without the files of standard input."""
    text = PAGE.split(f"\n\n\n{section}\n")[1].split("\n\n\n")[0]
    found = re.findall(r"^ {4,8}polytaskctl (.*)", text, re.M)
    return [[word for word in shlex.split(line) if word[0] != "<"] for line in found]


def text_of(tasks):
    return "".join(json.dumps(task) + "\n" for task in tasks)


def derived_ids():
    block = PAGE[PAGE.index("    import hashlib") :].split("\n    derived_id(")[0]
    names = {}
    exec(textwrap.dedent(block), names)  # pylint: disable=exec-used
    for task in lines():
        fields = task["fields"]
        if task["dialect"] == "vionlabs":
            parts = ("vionlabs", fields["inventory_id"], fields["product"], fields["version"])
        elif fields.get("task_id", UUID) != UUID:
            parts = ("fourhse", fields["task_id"])
        else:
            continue
        equal(names["derived_id"](*parts), task["id"], f"{parts}: the page's function derives its id")


def bad_lines(instance):
    """Each line of the page with an error is refused by number and reason."""
    for task in lines():
        first = lines()[0]
        for change, reason in (
            ({"colour": 1}, "unknown member colour"),
            ({"state": "done"}, "state must be"),
            ({"tenant": "other"}, "tenant other"),
        ):
            done = instance.ctl_run("import", stdin=text_of([first, {**task, **change}]))
            ok(
                done.returncode == 1 and "line 2" in done.stderr and reason in done.stderr,
                f"{task['dialect']}: {reason}",
                done,
            )
    for task in lines():
        if task["dialect"] in ("vionlabs", "fourhse"):
            done = instance.ctl_run("import", stdin=text_of([{**task, "id": OPERATION}]))
            ok(
                done.returncode == 1 and "line 1" in done.stderr,
                f"{task['dialect']}: an id that no address leads to",
                done,
            )


def add_credentials(instance):
    """Runs the page's commands; returns the tokens by label: those kept, and the printed one."""
    tokens = {}
    for command in commands("CREDENTIALS"):
        kept = SECRET
        if command[:2] == ["token", "add"]:
            kept = os.urandom(16).hex()
        printed = instance.ctl(*command, stdin=kept + "\n")
        if command[:2] == ["token", "add"]:
            label = command[command.index("--label") + 1]
            tokens[label] = kept if "--secret" in command else printed.strip()
        elif command[:2] == ["key", "add"]:
            kind = "owner" if "uplynk" in command else "key"
            setattr(instance, kind, command[command.index("--id") + 1])
    instance.owner_key = instance.secret = SECRET
    instance.secrets += [SECRET, *tokens.values()]
    return tokens


def login(instance):
    form = {"grant_type": "password", "username": "ann@example.com", "password": SECRET}
    answer = instance.request(
        "POST",
        "/oauth/token",
        urllib.parse.urlencode(form),
        [("Content-Type", "application/x-www-form-urlencoded")],
    )
    equal(answer.status, 200, "IDOL: the old password is valid")
    token = answer.json()["access_token"]
    instance.secrets.append(token)
    return token


def create_idol(instance, token):
    return int(instance.idol("POST", "/import-tasks", IDOL.body, token=token).json()["data"]["id"])


def vionlabs(instance, tokens):
    path = "/movie-0042/product/adbreaks/version/1.0.1"
    for method in ("GET", "POST"):
        task = instance.vionlabs(method, path, key=tokens["vionlabs"]).json()
        equal(task["status"], "done", f"Vionlabs: {method} of an old triple")
    path = path.replace("1.0.1", "1.0.2")
    task = instance.vionlabs("POST", path, key=tokens["vionlabs"]).json()
    equal(task["status"], "pending", "Vionlabs: another version is a new task")
    listed = instance.vionlabs("GET", "/movie-0042", key=tokens["vionlabs"]).json()
    equal(
        [(entry["version"], entry["task_status"]["status"]) for entry in listed],
        [("1.0.1", "done"), ("1.0.2", "pending")],
        "Vionlabs: the list of the item has both",
    )


def uplynk(instance):
    task = instance.uplynk("GET", "/ingest-points/tasks/" + OPERATION).json()
    equal(
        (task["id"], task["state"], task["operation"], task["timestamp"]),
        (OPERATION, "COMPLETED", "CREATE", 1686154424),
        "Uplynk: an old task",
    )
    point = instance.uplynk("GET", "/slicers/ingest-points/" + POINT).json()
    equal(
        (point["id"], point["created"], point["endpoint_name"]),
        (POINT, "Jun 7, 2023 4:13:44 PM", "Studio A"),
        "Uplynk: an old point",
    )
    equal(
        point["ingest_point"]["reserved_domain_name"],
        "studio-a.ingest.example.com",
        "Uplynk: the point has its domain",
    )
    body = {"endpoint_name": "B", "server_region_id": "us-east-1", "stream_type_name": "SRT"}
    new = instance.uplynk("POST", "/slicers/ingest-points", body).json()
    ok(new["id"] != POINT, "Uplynk: a new point has another id")
    found = instance.uplynk("GET", "/ingest-points/tasks").json()
    ids = [item["id"] for item in found["items"]]
    ok(found["total_items"] == 2 and len(set(ids)) == 2, "Uplynk: and its task", found)
    equal(ids[0], OPERATION, "Uplynk: the old task is the first of the list")


def fourhse(instance, token):
    seen = []
    for name in (UUID, UUID.upper(), "task-1"):
        task = instance.fourhse("GET", "/view/" + name, token=token).json()
        seen.append((task["task_id"], task["status"], task["created_at"], task["updated_at"]))
    uuid = (UUID, "pending", "2024-01-01", "2024-01-02")
    equal(seen, [uuid, uuid, ("task-1", "error", "2024-01-01", "2024-01-03")], "4HSE: old tasks")
    answer = instance.fourhse("DELETE", "/delete/" + UUID, token=token)
    equal(
        (answer.status, [entity["id"] for entity in answer.json()["entities"]]),
        (400, ["task-1"]),
        "4HSE: the old dependent is known",
    )
    body = {"task_id": "task-1", "handler": "ExportHandler"}
    answer = instance.fourhse("POST", "/create", body, token=token)
    equal(answer.status, 422, "4HSE: an old id is taken")
    new = instance.fourhse("POST", "/create", {"handler": "ExportHandler"}, token=token).json()
    ok(new["task_id"] not in (UUID, "task-1"), "4HSE: a new task has another id")
    listed = instance.fourhse("GET", "/index", token=token)
    equal(listed.headers["X-Pagination-Total-Count"], "3", "4HSE: the list counts all")


def idol(instance, token):
    task = instance.idol("GET", "/import-tasks/812345", token=token).json()["data"]
    attributes = task["attributes"]
    equal(
        (task["id"], attributes["status"], attributes["created-at"], attributes["updated-at"]),
        ("812345", "completed", "2019-03-22T12:26:32.113+01:00", "2019-03-22T12:40:00.000+01:00"),
        "IDOL: an old task",
    )
    equal(create_idol(instance, token), NEXT, "IDOL: numbers go on at the first number")
    listed = instance.idol("GET", "/import-tasks", token=token).json()
    equal(
        [task["id"] for task in listed["data"]],
        ["812345", "812346", str(NEXT)],
        "IDOL: the list has each number once",
    )
    again = instance.ctl_run("number", "set", "5", "--tenant", "acme", "--dialect", "idol")
    equal(again.returncode, 6, "IDOL: the first number does not go back")


def virtshell(instance):
    def signed(method, path, body=None):
        prefixed = "/api/virtshell/v1" + path
        headers = [("Content-Type", "application/json")] if body else []
        headers += instance.sign(method, prefixed, "application/json" if body else "")
        return instance.request(method, prefixed, body, headers)

    task = signed("GET", "/tasks/" + STEPS).json()
    equal(
        (task["uuid"], task["status"], task["created"], task["last_update"], task["log"]),
        (
            STEPS,
            "provisioning",
            {"at": "1429207233", "by": "92d30f0c-8c9c-11e5-8994-feff819cdc9f"},
            "1429207435",
            "summary of the task",
        ),
        "VirtShell: an old task",
    )
    listed = signed("GET", "/tasks/status/provisioning").json()["tasks"]
    equal([task["uuid"] for task in listed], [STEPS], "VirtShell: it is found by its status")
    report = signed("PUT", "/tasks/" + STEPS, {"status": "provisioned"})
    equal(report.json(), {"update": "success"}, "VirtShell: its agent goes on reporting")
    new = signed("POST", "/tasks/", {"description": "new"}).json()["task_id"]
    ok(new != STEPS, "VirtShell: a new task has another id")


def totals(instance, token):
    for dialect in ("vionlabs", "uplynk", "fourhse", "idol", "virtshell"):
        want = sum(task["dialect"] == dialect for task in lines())
        found = instance.native("GET", f"/tasks?dialect={dialect}&limit=1", token=token).json()
        equal(found["total"], want, f"{dialect}: total of the native list")
    found = instance.native("GET", "/ingest-points", token=token).json()
    equal(found["total"], 1, "total of the points")


def moving_in():
    instance = Instance()
    steps = commands("THE ORDER OF STEPS")
    equal(
        [step[0] for step in steps], ["backup", "import", "number"], "the steps have three commands"
    )
    instance.ctl("backup", os.path.join(instance.dir, "before"))
    tokens = add_credentials(instance)
    bad_lines(instance)
    text = text_of(lines())
    for count in (1, 2):
        printed = instance.ctl(*steps[1], stdin=text)
        ok(printed.startswith(f"{len(lines())} tasks imported"), f"import, time {count}", printed)
    ok(f": 0 new, 0 replaced, {len(lines())} unchanged" in printed, "the second is equal", printed)
    totals(instance, tokens["operator"])
    token = login(instance)
    equal(create_idol(instance, token), 812346, "IDOL: numbers go on after the highest")
    instance.ctl(*steps[2])
    for command in commands("CHECK"):
        printed = instance.ctl(*command)
        ok(
            re.search(r"unreached: +0\n", printed) and re.search(r"doubled: +0\n", printed),
            "verify finds nothing",
            printed,
        )
    vionlabs(instance, tokens)
    uplynk(instance)
    fourhse(instance, tokens["fourhse"])
    idol(instance, token)
    virtshell(instance)
    instance.verify("moved in")
    instance.stop("moving in")


run_tests(derived_ids, moving_in)
