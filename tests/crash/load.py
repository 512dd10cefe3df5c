"""Clients that create, change and remove tasks of several dialects, and the record of every answer."""
import random
import threading
import time

DIALECTS = ("native", "virtshell", "vionlabs", "fourhse", "idol")
TASKS = "/v1/tasks"
STATES = ("pending", "running", "succeeded", "failed", "cancelled")
BIG = 20000


def fields_of(dialect, name, version, size):
    """Fields that tell the task, its version, and whether any byte of a large value is another's."""
    fields = {"name": name, "version_number": version}
    if size:
        mark = f"{name}:{version};"
        fields["pad"] = (mark * (size // len(mark) + 1))[:size]
    if dialect == "vionlabs":
        fields |= {"inventory_id": name, "product": "adbreaks", "version": "1"}
    elif dialect == "fourhse":
        fields |= {"handler": "h"}
    elif dialect == "idol":
        fields |= {"master-type": "hd", "attachable": {"type": "tracks", "id": "1"}}
    return fields


class Step:
    """One request about a task: its begin and its answer as numbers of the recording."""

    __slots__ = ("begin", "answered", "outcome", "state")

    def __init__(self, begin, state):
        self.begin, self.state = begin, state
        self.answered, self.outcome = None, "unknown"


class TaskRecord:
    """The requests about one task, one after the other, from one client.

    The state after a step is None (no task) or (version, archived, size of the large value).
    """

    def __init__(self, name, dialect):
        self.name, self.dialect = name, dialect
        self.steps = []
        self.id = self.key = self.body = None

    def key_header(self):
        return (("HTTP_IDEMPOTENCY_KEY", f'"{self.key}"'),)

    def states(self, cut):
        """The states in which it may be after a cut at this number."""
        possible = {None}
        for step in self.steps:
            if step.begin >= cut:
                break
            known = step.answered is not None and step.answered <= cut
            if known and step.outcome == "ok":
                possible = {step.state}
            elif not known or step.outcome == "unknown":
                possible = possible | {step.state}
        return possible

    def is_acknowledged(self, cut, steps=None):
        """Whether one of the steps (default: all) was answered with a success before the cut."""
        return any(
            step.outcome == "ok" and step.answered is not None and step.answered <= cut
            for step in steps or self.steps
        )


class Client:
    """One connection and its tasks; run() sends requests until it is told to stop."""

    def __init__(self, connect, counter, seed, name):
        self.connect, self.counter, self.name = connect, counter, name
        self.rng = random.Random(seed)
        self.tasks, self.live, self.problems = [], [], []
        self.statuses = {}
        self.connection = None
        self.number = 0
        self.last_ok = 0  # begin of the last acknowledged step

    def run(self, stopping, pause=0.0):
        actions = (
            (45, self.create),
            (28, self.update),
            (10, self.remove),
            (5, self.archive),
            (5, self.repeat),
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
            self.connection = self.connection or self.connect()
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

    def step(self, task, state, method, uri, body=None, headers=(), expected="ok"):
        """Sends a request that leads to state; returns the answer if it was the expected one."""
        step = Step(self.counter(), state)
        task.steps.append(step)
        answer = self.ask(method, uri, body, headers)
        if answer is None or answer.status >= 500:
            # The task is left alone: what became of it is unknown for ever.
            if task in self.live:
                self.live.remove(task)
            time.sleep(0.02)
            return None
        step.answered = self.counter()
        step.outcome = "ok" if answer.status < 300 else "refused"
        if step.outcome == "ok":
            self.last_ok = step.begin
        if step.outcome != expected:
            self.problems.append(f"{task.name}: {method} {uri}: {answer}")
        return answer

    def create(self):
        self.number += 1
        dialect = self.rng.choice(DIALECTS)
        task = TaskRecord(f"{self.name}-{self.number}", dialect)
        size = BIG if self.rng.random() < 0.05 else self.rng.choice((0, 100, 400))
        task.body = {"dialect": dialect, "fields": fields_of(dialect, task.name, 1, size)}
        headers = ()
        if self.rng.random() < 0.5:
            task.key = "key-" + task.name
            headers = task.key_header()
        self.tasks.append(task)
        answer = self.step(task, (1, False, size), "POST", TASKS, task.body, headers)
        if answer and answer.status == 201:
            task.id = answer.json()["id"]
            self.live.append(task)

    def update(self, task):
        version, archived, _ = task.steps[-1].state
        size = self.rng.choice((0, 100, BIG // 4))
        fields = fields_of(task.dialect, task.name, version + 1, size)
        fields.setdefault("pad", None)
        body = {"fields": fields}
        if task.dialect in ("native", "virtshell"):
            body["state"] = STATES[(version + 1) % len(STATES)]
        self.step(task, (version + 1, archived, size), "PATCH", f"{TASKS}/{task.id}", body)

    def archive(self, task):
        version, _, size = task.steps[-1].state
        self.step(task, (version, True, size), "POST", f"{TASKS}/{task.id}/archive")

    def remove(self, task):
        self.live.remove(task)
        self.step(task, None, "DELETE", f"{TASKS}/{task.id}")

    def repeat(self, task):
        """The creation once more: with its key the same task, without a key nothing is sent."""
        if not task.key:
            return
        answer = self.ask("POST", TASKS, task.body, task.key_header())
        if answer and answer.status < 500 and (answer.status, answer.json().get("id")) != (201, task.id):
            self.problems.append(f"{task.name}: repeated: {answer}")

    def provoke(self, task):
        """A request that must be refused."""
        state = task.steps[-1].state
        kind = self.rng.randrange(3)
        if kind == 0:
            self.step(
                task, state, "PATCH", f"{TASKS}/{task.id}", {"priority": 9},
                (("HTTP_IF_MATCH", '"1000000"'),), expected="refused",
            )  # fmt: skip
        elif kind == 1 and task.key:
            body = {"fields": {"name": task.name + "-other"}}
            self.step(task, state, "POST", TASKS, body, task.key_header(), expected="refused")
        else:
            self.number += 1
            bad = TaskRecord(f"{self.name}-{self.number}", "native")
            self.tasks.append(bad)
            body = {"fields": fields_of("native", bad.name, 1, 0), "state": "no such state"}
            self.step(bad, (1, False, 0), "POST", TASKS, body, expected="refused")


class Load:
    """Clients that send requests until the end of the `with` block."""

    def __init__(self, connect, counter, seed, clients=6, prefix="c", pause=0.0):
        self.clients = [
            Client(connect, counter, f"{seed}-{prefix}{i}", f"{prefix}{i}") for i in range(clients)
        ]
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


# ---- what is there afterwards ----


def state_of(row):
    """The state of an exported task, as in TaskRecord.states; a text if its fields are damaged."""
    fields = row["fields"]
    name, version = fields.get("name"), fields.get("version_number")
    pad = fields.get("pad") or ""
    expected = fields_of(row["dialect"], name, version, len(pad))
    wrong = [key for key, value in expected.items() if fields.get(key) != value]
    if wrong:
        return f"damaged: {wrong}"
    if row["dialect"] in ("native", "virtshell") and version > 1:
        if row["state"] != STATES[version % len(STATES)]:
            return f"state {row['state']} of version {version}"
    return (version, row["archived"], len(pad))


def compare(tasks, rows, cut, settled=()):
    """Differences between the records and the exported rows after a cut; settled: id by name of
    tasks whose creation was repeated with its key after the cut."""
    found, problems = {}, []
    for row in rows:
        found.setdefault(row["fields"].get("name"), []).append(row)
    numbers = [(row["dialect"], row["number"]) for row in rows if row["number"]]
    if len(numbers) != len(set(numbers)):
        problems.append("a number was given twice")
    for task in tasks:
        there = found.pop(task.name, [])
        if len(there) > 1:
            problems.append(f"doubled: {task.name}: {[row['id'] for row in there]}")
            continue
        state = state_of(there[0]) if there else None
        possible = task.states(cut)
        if task.name in settled:
            possible = possible - {None}
            if there and there[0]["id"] != settled[task.name]:
                problems.append(f"{task.name}: another id than its repeated creation")
        if state not in possible:
            kind = "lost" if task.is_acknowledged(cut) else "not created"
            problems.append(f"{kind}: {task.name} ({task.dialect}): {state}, not of {possible}")
        elif there and task.is_acknowledged(cut, task.steps[:1]) and there[0]["id"] != task.id:
            problems.append(f"{task.name}: id {there[0]['id']}, not {task.id}")
    problems += [f"unknown task {name}: {rows[0]['id']}" for name, rows in found.items()]
    return problems
