"""polytaskctl events: the columns, the filters, and --follow across restarts, kills and lost places."""
import json
import os
import signal
import subprocess
import threading

from lib import POLYTASKCTL, Instance, run_tests
from native_client import TASKS
from tap import equal, ok, until

DEMO = ("--tenant", "demo")
HEADER = "time\ttype\tdialect\tkind\ttask\tstate\tstatus\trevision\tattempt\tworker\tby\terror"
SECONDS = 30


def create(instance, **members):
    headers = [*instance.bearer(), ("Content-Type", "application/json")]
    answer = instance.request("POST", TASKS, members, headers=headers, documented=False)
    return answer.json()["id"]


def events(instance, *words, **named):
    return instance.ctl_run("events", *words, **named)


class Follower(threading.Thread):
    """events --follow; the lines that it has printed."""

    def __init__(self, instance, *words):
        super().__init__(daemon=True)
        self.lines = []
        config = os.path.join(instance.dir, "polytask.conf")
        self.process = subprocess.Popen(
            [POLYTASKCTL, "-c", config, "events", "--follow", *DEMO, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.start()

    def run(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def tasks(self):
        return [json.loads(line)["task_id"] for line in list(self.lines)]

    def has(self, tasks):
        return until(lambda: len(self.lines) >= len(tasks), SECONDS) and self.tasks() == tasks

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(SECONDS)


def listing():
    instance = Instance()
    first = create(instance, kind="a\u202e")
    second = create(instance, kind="b")
    instance.ctl("task", "cancel", second)
    header, *rows = events(instance, *DEMO).stdout.splitlines()
    equal(header, HEADER, "the columns")
    equal(
        [row.split("\t")[1:6] for row in rows],
        [
            ["task.created", "native", "a\\u202e", first, "pending"],
            ["task.created", "native", "b", second, "pending"],
            ["task.cancelled", "native", "b", second, "cancelled"],
        ],
        "the events in order, without characters that turn the text",
    )
    lines = events(instance, *DEMO, "--json").stdout.splitlines()
    place = json.loads(lines[1])["id"]
    for words, count in (
        (("--kind", "b"), 2),
        (("--type", "task.cancelled,task.failed"), 1),
        (("--state", "pending"), 2),
        (("--id", first), 1),
        (("--dialect", "idol"), 0),
        (("--after", place), 1),
        (("--after", "now"), 0),
        (("--after", "first"), 3),
    ):
        done = events(instance, *DEMO, "--json", *words)
        equal((done.returncode, len(done.stdout.splitlines())), (0, count), " ".join(words))
    for words, text in (
        (("--type", "created"), "type: This is not a type of events."),
        (("--after", "yesterday"), "after must be first, now, or"),
        (("--after", "1-1"), "ctl: "),
        (("--id", "idol:1"), "id: This is not the id of a task."),
        (("--tenant", "nobody"), "nobody"),
    ):
        for follow in ((), ("--follow",)):
            done = events(instance, *DEMO, *follow, *words, timeout=SECONDS)
            status = 5 if "1-1" in words else 1
            ok((done.returncode, text in done.stderr) == (status, True), f"{follow} {words}", done)
    equal(events(instance, *DEMO, "--max", "1").returncode, 2, "an option of another command")
    logged = [line for line in instance.events("command") if "--follow" in str(line)]
    equal(logged, [], "calls that are repeated are not logged")
    instance.stop_daemon()
    equal(events(instance, *DEMO, "--json").stdout.splitlines(), lines, "the same without the service")
    instance.stop()


def follow():
    instance = Instance(expect=("exit",))
    old = create(instance)
    first = Follower(instance, "--json")
    later = Follower(instance, "--json", "--after", "now", "--kind", "wanted")
    text = Follower(instance)
    ok(first.has([old]), "it begins with the oldest event", first.lines)
    ok(until(lambda: len(text.lines) == 2, SECONDS), "a header and a line", text.lines)
    equal(text.lines[0], HEADER, "the header")
    tasks = [old, *[create(instance) for _ in range(20)]]
    ok(first.has(tasks), "events are printed as they happen", len(first.lines))
    for pid in instance.workers():
        os.kill(pid, signal.SIGKILL)
    ok(until(lambda: instance.answers(), SECONDS), "the service answers after a kill")
    tasks += [create(instance) for _ in range(5)]
    ok(first.has(tasks), "none is lost or repeated", len(first.lines))
    instance.ctl("reload")
    tasks += [create(instance) for _ in range(5)]
    ok(first.has(tasks), "the same after a reload", len(first.lines))
    instance.stop_daemon()
    instance.start_daemon()
    instance.wait_serving()
    wanted = create(instance, kind="wanted")
    ok(first.has([*tasks, wanted]), "the same after a restart", len(first.lines))
    ok(later.has([wanted]), "from now on, with a filter", later.lines)
    equal(first.interrupt(), -signal.SIGINT, "an interrupt ends it")
    later.interrupt()
    text.interrupt()
    instance.stop()


def ends():
    instance = Instance(conf={"journal_entries": "3"})
    create(instance)
    reader = Follower(instance, "--json")
    ok(until(lambda: reader.lines, SECONDS), "it follows")
    read, write = os.pipe()
    config = os.path.join(instance.dir, "polytask.conf")
    command = [POLYTASKCTL, "-c", config, "events", "--follow", *DEMO]
    process = subprocess.Popen(command, stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    os.read(read, 10)
    os.close(read)
    equal(process.wait(SECONDS), 141, "it ends when nobody reads, although nothing happens")
    equal(process.stderr.read(), b"", "without a message")
    os.kill(reader.process.pid, signal.SIGSTOP)
    for _ in range(8):
        create(instance)
    instance.stop_daemon()
    instance.start()
    place = json.loads(reader.lines[0])["id"]

    def gone():
        return events(instance, *DEMO, "--after", place).returncode == 5

    ok(until(gone, 90), "the next events are removed")
    os.kill(reader.process.pid, signal.SIGCONT)
    equal(reader.process.wait(SECONDS), 5, "a place that is gone ends it")
    ok("events" in reader.process.stderr.read(), "with a message")
    instance.stop()


run_tests(listing, follow, ends)
