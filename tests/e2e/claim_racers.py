"""Workers that behave badly, and what they were told. Used by test_claim_races.py and crash/work.py."""
import collections
import http.client
import random
import threading
import time

from claims_client import Worker, create
from tap import note, ok

# Fields that a task of each dialect needs.
DIALECTS = {
    "native": {},
    "virtshell": {},
    "vionlabs": {"inventory_id": "movie", "product": "adbreaks"},
    "fourhse": {"handler": "ExportHandler"},
    "idol": {"master-type": "cd", "attachable": {"type": "tracks", "id": "1"}},
    "uplynk": {"operation": "CREATE"},
}


class Journal:
    """What all workers were told."""

    def __init__(self):
        self.lock = threading.Lock()
        self.accepted = collections.defaultdict(list)  # task: results that were answered with 200
        self.unknown = collections.defaultdict(list)  # without an answer
        self.held = {}  # task: its tokens
        self.wrong = []
        self.counts = collections.Counter()

    def count(self, name):
        with self.lock:
            self.counts[name] += 1

    def note_wrong(self, text):
        with self.lock:
            self.wrong.append(text)


class Racer(threading.Thread):
    def __init__(self, instance, journal, number, ended):
        super().__init__(daemon=True)
        self.journal, self.ended, self.random = journal, ended, random.Random(number)
        self.worker = Worker(instance, f"w{number}")
        self.connection, self.results = instance.connect(20), 0
        self.vanishes = False  # once: it forgets what it holds, and goes on as a new worker

    def ask(self, path, body):
        """The answer, or None if there is none or the service is not there."""
        try:
            answer = self.worker.ask("POST", path, body, connection=self.connection)
        except (OSError, http.client.HTTPException):
            self.connection.close()
            time.sleep(0.1)
            return None
        if answer.headers.get("Connection") == "close":
            self.connection.close()
        if answer.status < 500:
            return answer
        time.sleep(0.1)
        return None

    def report(self, kind, claim, **members):
        return self.ask(f"/tasks/{claim['task']['id']}/{kind}", {"token": claim["token"], **members})

    def complete(self, claim):
        """The status of a completion, which is recorded; 0: unknown."""
        task, self.results = claim["task"]["id"], self.results + 1
        result = f"{self.worker.name}: {self.results}"
        answer = self.report("complete", claim, result=result)
        with self.journal.lock:
            if not answer:
                self.journal.unknown[task].append(result)
            elif answer.status == 200 and answer.json()["task"]["result"] != result:
                self.note_repetition(task, answer.json()["task"])
            elif answer.status == 200:
                self.journal.accepted[task].append(result)
            elif answer.status != 409:
                self.journal.wrong.append(f"complete: {answer}")
        return answer.status if answer else 0

    def note_repetition(self, task, shown):
        """The task has a result that this worker has reported before. The journal is locked."""
        if not shown["result"].startswith(f"{self.worker.name}: "):
            self.journal.wrong.append(f"{task}: the result of another worker: {shown}")
        self.journal.counts["repeated"] += 1

    # -- what a worker may do with a claim --

    def work(self, claim):
        self.report("heartbeat", claim, progress={"percent": 50})
        if self.complete(claim) == 0:
            self.complete(claim)

    def say_nothing(self, claim):
        pass

    def vanish(self, claim):
        self.report("heartbeat", claim)

    def be_late(self, claim):
        self.report("heartbeat", claim)
        time.sleep(1.1 + self.random.random())
        self.journal.count(f"late: {self.complete(claim)}")

    def be_late_without_heartbeat(self, claim):
        time.sleep(0.2 + self.random.random() / 2)
        self.journal.count(f"unconfirmed: {self.complete(claim)}")

    def complete_twice(self, claim):
        first, second = self.complete(claim), self.complete(claim)
        if first == 200 and second not in (0, 200):
            self.journal.note_wrong(f"a repeated result: {second}")

    def use_another_token(self, claim):
        other = dict(claim, token=f"{int(claim['token'], 16) ^ 1:016x}")
        if self.complete(other) == 200:
            self.journal.note_wrong("another token was accepted")
        self.complete(claim)

    def fail(self, claim):
        self.report("fail", claim, error="on purpose", retry_after_seconds=0)

    def release(self, claim):
        self.report("release", claim)

    def run(self):
        ways = [
            self.say_nothing,
            self.vanish,
            self.be_late,
            self.be_late_without_heartbeat,
            self.complete_twice,
            self.use_another_token,
            self.fail,
            self.release,
        ]
        while not self.ended():
            body = {"worker": self.worker.name, "lease_seconds": 1, "confirm_seconds": 0.2}
            answer = self.ask("/claims", {**body, "max": self.random.randint(1, 3)})
            if not answer or answer.status != 200:
                time.sleep(0.05)
                continue
            for claim in answer.json()["claims"]:
                task, token = claim["task"]["id"], claim["token"]
                with self.journal.lock:
                    self.journal.held.setdefault(task, set())
                    if token in self.journal.held[task]:
                        self.journal.wrong.append(f"{task}: a token was given twice")
                    self.journal.held[task].add(token)
                badly = claim["attempt"] <= 2 and self.random.random() < 0.5
                way = self.random.choice(ways) if badly else self.work
                if self.vanishes:
                    self.vanishes, way = False, self.say_nothing
                    self.connection.close()
                self.journal.count(way.__name__)
                way(claim)


def create_tasks(instance, count):
    """As many of each dialect."""
    tasks = []
    for number in range(count):
        for dialect, fields in DIALECTS.items():
            own = {"version": f"1.0.{number}"} if dialect == "vionlabs" else {}
            tasks.append(create(instance, dialect=dialect, fields={**fields, **own}))
    return tasks


def left(instance):
    listed = instance.native("GET", "/tasks?limit=1&state=pending,running")
    return listed.json()["total"]


def check_results(instance, journal, tasks):
    wrong, unknown = [], 0
    for task in tasks:
        shown = instance.native("GET", f"/tasks/{task}").json()
        accepted, maybe = journal.accepted[task], journal.unknown[task]
        unknown += not accepted
        if shown["state"] != "succeeded" or len(accepted) > 1:
            wrong.append(f"{task}: {shown['state']}, accepted {accepted}")
        elif shown["result"] not in (accepted or maybe):
            wrong.append(f"{task}: {shown['result']}, accepted {accepted}, unknown {maybe}")
    note(f"{unknown} results were accepted without an answer")
    ok(not wrong, "each task has the one result that was accepted", "\n".join(wrong[:20]))
