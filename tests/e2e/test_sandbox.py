"""`bootstrap run --demo`: clients of six APIs see their tasks end, as they ask; the sandbox may end."""
import os
import re
import signal
import ssl
import subprocess

from bootstrap_run import Run
from client import Client
from lib import run_tests
from paths import BUILD, SOURCE
from processes import child_pids, command_of, finish, free_port, make_directory
from tap import equal, ok, until

SECONDS = 45  # for the whole life of a task that is not stalled

STUDIO = {"server_region_id": "us-east-1", "stream_type_name": "SRT"}


class DemoClient(Client):
    """Sends with the credentials of demo.env."""

    def __init__(self, home):
        with open(os.path.join(home, "demo.env")) as env:
            names = dict(re.findall(r"^([A-Z_]+)='([^']+)'$", env.read(), re.M))
        self.host = names["POLYTASK_URL"].removeprefix("https://")
        self.port = int(self.host.rpartition(":")[2])
        self.tls = ssl.create_default_context(cafile=names["POLYTASK_CACERT"])
        self.token = names["POLYTASK_TOKEN"]
        self.key, self.secret = names["VIRTSHELL_USER"], names["VIRTSHELL_KEY"]
        self.owner, self.owner_key = names["UPLYNK_OWNER"], names["UPLYNK_KEY"]
        self.secrets = []

    def signed(self, method, path, body=None):
        return self.request(method, path, body, self.sign(method, path))


# Each function creates a task that has the word, and returns a function that reads it as its client does.


def vionlabs(client, word):
    path = f"/movie-{word}/product/adbreaks/version/1.0.1"
    equal(client.vionlabs("POST", path).status, 200, f"vionlabs, {word}: created")

    def read():
        task = client.vionlabs("GET", path).json()
        return task["status"], task["error"]

    return read


def uplynk(client, word):
    point = client.uplynk("POST", "/slicers/ingest-points", {**STUDIO, "endpoint_name": word})
    equal(point.status, 200, f"uplynk, {word}: created")
    number = client.uplynk("GET", "/ingest-points/tasks").json()["items"][-1]["id"]

    def read():
        tasks = client.uplynk("GET", "/ingest-points/tasks").json()["items"]
        (task,) = [t for t in tasks if t["id"] == number]
        return task["state"], task.get("error")

    return read


def fourhse(client, word):
    created = client.fourhse("POST", "/create", {"handler": f"ExportHandler {word}"})
    equal(created.status, 201, f"fourhse, {word}: created")

    def read():
        task = client.fourhse("GET", f"/view/{created.json()['task_id']}").json()
        return task["status"], task["response"]

    return read


def idol(client, word):
    attributes = {"master-type": "hd", "url": f"https://files.example.com/{word}.wav"}
    track = {"attachable": {"data": {"type": "tracks", "id": "12"}}}
    data = {"type": "import-tasks", "attributes": attributes, "relationships": track}
    created = client.idol("POST", "/import-tasks", {"data": data})
    equal(created.status, 201, f"idol, {word}: created")

    def read():
        path = f"/import-tasks/{created.json()['data']['id']}"
        task = client.idol("GET", path).json()["data"]["attributes"]
        return task["status"], task["message"]

    return read


def virtshell(client, word):
    path = "/api/virtshell/v1/tasks"
    created = client.signed("POST", path, {"description": f"clone {word}"})
    equal(created.status, 200, f"virtshell, {word}: created")

    def read():
        task = client.signed("GET", f"{path}/{created.json()['task_id']}").json()
        return task["status"], task.get("log")

    return read


def native(client, word):
    created = client.native("POST", "/tasks", {"fields": {"name": word}})
    equal(created.status, 201, f"native, {word}: created")

    def read():
        task = client.native("GET", f"/tasks/{created.json()['id']}").json()
        return task["state"], task["error"]

    return read


# The dialect's words for a task between two attempts, and for running, succeeded, failed and cancelled ones.
CLIENTS = {
    vionlabs: ("pending", "processing", "done", "failed", "deactivated"),
    uplynk: ("IN_PROGRESS", "IN_PROGRESS", "COMPLETED", "FAILED", "FAILED"),
    fourhse: ("pending", "running", "completed", "failed", "cancelled"),
    idol: ("uploaded", "processing", "completed", "failed", "cancelled"),
    virtshell: ("pending", "in progress", "sucess", "failed", "cancelled"),
    native: ("pending", "running", "succeeded", "failed", "cancelled"),
}


def watch(reads, ends):
    """Polls as the documentation of each API says, until each task has one of these statuses. Returns the
    statuses of each, without repetitions.
    """
    seen = {word: [] for word in reads}

    def ended():
        for word, read in reads.items():
            status = read()[0]
            if seen[word][-1:] != [status]:
                seen[word].append(status)
        return all(statuses[-1] in ends for statuses in seen.values())

    until(ended, SECONDS, 0.2)
    return seen


def check_client(client, create):
    pending, running, succeeded, failed, cancelled = CLIENTS[create]
    ends = (succeeded, failed, cancelled)
    name = create.__name__
    wanted = {
        "plain": succeeded,
        "sandbox-fail": failed,
        "sandbox-cancel": cancelled,
        "sandbox-retry": succeeded,
    }
    reads = {word: create(client, word) for word in [*wanted, "sandbox-stall"]}
    seen = watch({word: reads[word] for word in wanted}, ends)
    for word, status in wanted.items():
        equal(seen[word][-1], status, f"{name}, {word}: ends {status}, after {seen[word][:-1]}")
    why = reads["sandbox-fail"]()[1]
    ok("asked to fail" in str(why), f"{name}, sandbox-fail: the client sees why", why)
    ok(running in seen["plain"], f"{name}, plain: the client has seen {running}", seen)
    begun = seen["sandbox-retry"][seen["sandbox-retry"].index(running) :]
    ok(pending in begun, f"{name}, sandbox-retry: between two attempts it is {pending}", begun)
    equal(reads["sandbox-stall"]()[0], running, f"{name}, sandbox-stall: still {running}")


def check_pages():
    """Each page of these dialects lists the words."""
    for create in CLIENTS:
        with open(os.path.join(SOURCE, "src/dialect", create.__name__, "README.md")) as page:
            text = page.read()
        for word in ("fail", "retry", "stall", "cancel", "crash"):
            ok(f"`sandbox-{word}`" in text, f"the page of {create.__name__} has sandbox-{word}")


def check_readme(home):
    """README's commands, as written."""
    with open(os.path.join(SOURCE, "README")) as readme:
        text = readme.read()
    text = text[text.index("SANDBOX AND WORKERS") : text.index("Two kinds of workers")]
    lines = [line for line in text.splitlines() if line.startswith("    ")]
    equal(len(lines), 5, "README has five commands")
    calls = "\n".join(lines).replace("./run/demo.env", f"'{home}/demo.env'")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", calls],
        capture_output=True,
        text=True,
        timeout=60,
        env=dict(os.environ, no_proxy="*"),
    )
    words = re.findall(r'"status":"([a-z]+)"', done.stdout)
    equal(
        (done.returncode, words),
        (0, ["pending", "pending", "done", "failed"]),
        "README: two tasks, of which one succeeds and one fails",
    )


def sandbox():
    check_pages()
    run = Run(os.path.join(make_directory("polytask-run-"), "run"), free_port(), "--demo")
    try:
        if ok("with a sandbox" in run.wait(), "bootstrap run --demo is ready", run.text()):
            client = DemoClient(run.home)
            total = lambda: client.native("GET", "/tasks").json()["total"]
            ok(until(lambda: total() >= 3, 30), "tasks come by themselves", total())
            check_readme(run.home)
            for create in CLIENTS:
                check_client(client, create)
            workers = client.native("GET", "/workers").json()["items"]
            equal([w["name"] for w in workers], ["sandbox"], "the operator sees one worker")
    finally:
        equal(finish(run.process, signal.SIGINT, 30), 0, "Ctrl-C: exit status 0")


def sandboxes(run):
    """The sandbox is started after the service is ready."""
    return [pid for pid in child_pids(run.process.pid) if "--simulate" in command_of(pid)]


def sandbox_of(run):
    return until(lambda: sandboxes(run), 30)[0]


def service_outlives_its_sandbox():
    run = Run(os.path.join(make_directory("polytask-run-"), "run"), free_port(), "--demo")
    note = f"the sandbox ended, the service goes on without it; see {run.home}/log/sandbox.log"

    def goes_on(name):
        ok(until(lambda: note in run.text(), 30), f"{name}: a note", run.text())
        equal(DemoClient(run.home).native("GET", "/tasks").status, 200, f"{name}: the service answers")
        equal(run.process.poll(), None, f"{name}: and runs")

    try:
        run.wait()
        os.kill(sandbox_of(run), signal.SIGKILL)
        goes_on("kill -9")
        equal(finish(run.process, signal.SIGINT, 30), 0, "Ctrl-C: exit status 0")
        run = Run(run.home, free_port(), "--demo")
        run.wait()
        ctl = [os.path.join(BUILD, "polytaskctl"), "-c", os.path.join(run.home, "polytask.conf")]
        subprocess.run([*ctl, "token", "revoke", "sandbox"], check=True, timeout=30)
        # Its claim waits on, but its reports are refused when nginx forgets the token.
        native(DemoClient(run.home), "sandbox-stall")
        goes_on("a revoked token")
        equal(finish(run.process, signal.SIGINT, 30), 0, "Ctrl-C: exit status 0")
        run = Run(run.home, free_port(), "--demo")
        run.wait()
        read = native(DemoClient(run.home), "plain")
        ok(until(lambda: read()[0] == "succeeded", 30), "the next start has a sandbox with a new token", read())
    finally:
        finish(run.process, signal.SIGINT, 30)


run_tests(sandbox, service_outlives_its_sandbox)
