"""Clients that create, change and remove tasks of several dialects, and the record of every answer."""
import random
import threading
import time

from model import BIG, DEMO, QUOTA_TASKS, Step, TaskRecord, fields_of, state_of_version
from recording import NEVER

DIALECTS = ("native", "virtshell", "vionlabs", "fourhse", "idol")
TASKS = "/v1/tasks"


class Client:
    """One connection and its tasks; run() sends requests until an event is set.

    tenant: DEMO, or one of this client alone, which has a quota.
    """

    def __init__(self, connect, counter, seed, name, tenant=DEMO):
        self.connect, self.counter, self.name, self.tenant = connect, counter, name, tenant
        self.rng = random.Random(seed)
        self.tasks, self.live, self.problems = [], [], []
        self.statuses = {}
        self.connection = None
        self.number = 0
        self.last_ok = 0  # begin of the last acknowledged step
        self.uncertain = 0  # tasks that may be there, but are not in live

    def run(self, stopping, pause=0.0):
        actions = (
            (45, self.create),
            (28, self.update),
            (10, self.remove),
            (5, self.archive),
            (5, self.repeat),
            (8, self.read),
            (7, self.provoke),
        )
        weights = [weight for weight, _ in actions]
        while not stopping.is_set():
            _, action = self.rng.choices(actions, weights)[0]
            if action == self.create or not self.live:
                self.create()
            else:
                action(self.rng.choice(self.live))
            if pause:
                time.sleep(pause)
        if self.connection:
            self.connection.close()

    # -- requests --

    def ask(self, method, uri, body=None, headers=()):
        """The answer, or None if there is none."""
        try:
            self.connection = self.connection or self.connect(self.tenant)
            answer = self.connection.request(method, uri, body, headers)
        except OSError:
            if self.connection:
                self.connection.close()
            self.connection = None
            time.sleep(0.02)
            answer = None
        status = answer.status if answer else 0
        self.statuses[status] = self.statuses.get(status, 0) + 1
        return answer

    def forget_removed(self, task, answer):
        """Whether the answer shows that retention has removed the task, when it may."""
        removed = answer.status == 404 and task.may_be_removed(NEVER, time.time())
        if removed:
            self.uncertain += 1  # a recovery may bring it back for a moment
            if task in self.live:
                self.live.remove(task)
        return removed

    def step(self, task, state, method, uri, body=None, headers=(), expected=("ok",)):
        """Sends a request that leads to state; returns the answer, or None if there is none."""
        begin, wall = self.counter(), time.time()
        step = Step(begin, wall, state, task.due_after(state, wall))
        task.steps.append(step)
        answer = self.ask(method, uri, body, headers)
        if answer is None or answer.status >= 500:
            # The task is left alone: what became of it is unknown for ever.
            self.uncertain += 1
            if task in self.live:
                self.live.remove(task)
            time.sleep(0.02)
            return None
        step.answered = self.counter()
        step.outcome = "ok" if answer.status < 300 else "refused"
        if step.outcome == "ok":
            self.last_ok = step.begin
        if self.forget_removed(task, answer):
            return None
        if step.outcome not in (expected() if callable(expected) else expected) or answer.status == 404:
            self.problems.append(f"{task.name}: {method} {uri}: {answer}")
        return answer

    def create(self):
        self.number += 1
        dialect = self.rng.choice(DIALECTS)
        task = TaskRecord(f"{self.name}-{self.number}", dialect, self.tenant)
        size = BIG if self.rng.random() < 0.05 else self.rng.choice((0, 100, 400))
        task.body = {"dialect": dialect, "fields": fields_of(dialect, task.name, 1, size)}
        headers = ()
        if self.rng.random() < 0.5:
            task.key = "key-" + task.name
            headers = task.key_header()
        self.tasks.append(task)
        answer = self.step(
            task, (1, False, size), "POST", TASKS, task.body, headers, self.outcomes_by_quota
        )
        if answer and answer.status == 201:
            task.id = answer.json()["id"]
            self.live.append(task)

    def outcomes_by_quota(self):
        """Of a creation that was answered: tasks that were due by then may be gone."""
        if self.tenant == DEMO or len(self.live) + self.uncertain < QUOTA_TASKS:
            return ("ok",)
        certain = [task for task in self.live if not task.may_be_removed(NEVER, time.time())]
        return ("refused",) if len(certain) >= QUOTA_TASKS else ("ok", "refused")

    def update(self, task):
        version, archived, _ = task.steps[-1].state
        size = self.rng.choice((0, 100, BIG // 4))
        fields = fields_of(task.dialect, task.name, version + 1, size)
        fields.setdefault("pad", None)
        body = {"fields": fields}
        if task.dialect in ("native", "virtshell"):
            body["state"] = state_of_version(version + 1)
            body["force"] = True  # also out of an end
        self.step(task, (version + 1, archived, size), "PATCH", f"{TASKS}/{task.id}", body)

    def archive(self, task):
        version, _, size = task.steps[-1].state
        self.step(task, (version, True, size), "POST", f"{TASKS}/{task.id}/archive")

    def remove(self, task):
        self.live.remove(task)
        self.step(task, None, "DELETE", f"{TASKS}/{task.id}")

    def repeat(self, task):
        """The creation once more: with its key the same task, without a key nothing is sent."""
        if not task.key or task.steps[-1].due:
            return
        answer = self.ask("POST", TASKS, task.body, task.key_header())
        if answer and answer.status < 500 and (answer.status, answer.json().get("id")) != (201, task.id):
            self.problems.append(f"{task.name}: repeated: {answer}")

    def read(self, task):
        answer = self.ask("GET", f"{TASKS}/{task.id}")
        if answer and answer.status != 200 and answer.status < 500:
            if not self.forget_removed(task, answer):
                self.problems.append(f"{task.name}: GET: {answer}")

    def provoke(self, task):
        """A request that must be refused."""
        state = task.steps[-1].state
        kind = self.rng.randrange(3)
        if kind == 0:
            self.step(
                task, state, "PATCH", f"{TASKS}/{task.id}", {"priority": 9},
                (("HTTP_IF_MATCH", '"1000000"'),), expected=("refused",),
            )  # fmt: skip
        elif kind == 1 and task.key and not task.steps[-1].due:
            body = {"fields": {"name": task.name + "-other"}}
            self.step(task, state, "POST", TASKS, body, task.key_header(), ("refused",))
        else:
            self.number += 1
            bad = TaskRecord(f"{self.name}-{self.number}", "native", self.tenant)
            self.tasks.append(bad)
            body = {"fields": fields_of("native", bad.name, 1, 0), "state": "no such state"}
            self.step(bad, (1, False, 0), "POST", TASKS, body, expected=("refused",))


class Load:
    """Clients that send requests until the end of the `with` block, the last one as another tenant."""

    def __init__(self, connect, counter, seed, clients=6, prefix="c", pause=0.0):
        self.clients = [
            Client(connect, counter, f"{seed}-{prefix}{i}", f"{prefix}{i}") for i in range(clients)
        ]
        self.clients[-1].tenant = f"limited-{prefix}"
        self.stopping = threading.Event()
        self.threads = [
            threading.Thread(target=client.run, args=(self.stopping, pause), daemon=True)
            for client in self.clients
        ]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join(60)

    def tasks(self):
        return [task for client in self.clients for task in client.tasks]

    def last_ok(self):
        return max(client.last_ok for client in self.clients)

    def problems(self):
        return [problem for client in self.clients for problem in client.problems]

    def statuses(self):
        total = {}
        for client in self.clients:
            for status, count in client.statuses.items():
                total[status] = total.get(status, 0) + count
        return total
