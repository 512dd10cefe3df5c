"""What clients know of their tasks, and which states these may have after a fault."""

import collections

DEMO = "demo"
STATES = ("pending", "running", "succeeded", "failed", "cancelled")
BIG = 20000

# Succeeded native tasks are removed by age, failed ones would be after the end of any run.
KEPT_SECONDS = 1
# Of every tenant but demo, which has none by QUOTA_COMMAND.
QUOTA_TASKS = 40
LOAD_CONF = {
    "retention.native.succeeded": f"{KEPT_SECONDS}s",
    "retention.native.failed": "1d",
    "tenant_tasks": str(QUOTA_TASKS),
}
QUOTA_COMMAND = ("quota", "set", DEMO, "--tasks", "none")


def state_of_version(version):
    return STATES[version % len(STATES)] if version > 1 else "pending"


def is_kept_shortly(dialect, state):
    return (dialect, state) == ("native", "succeeded")


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
    """One request about a task: its begin and its answer as numbers of the recording.

    wall: time of the begin; due: earliest time at which retention may remove the task after this step,
    or None.
    """

    __slots__ = ("begin", "wall", "answered", "outcome", "state", "due")

    def __init__(self, begin, wall, state, due):
        self.begin, self.wall, self.state, self.due = begin, wall, state, due
        self.answered, self.outcome = None, "unknown"


class TaskRecord:
    """The requests about one task, one after the other, from one client.

    The state after a step is None (no task) or (version, archived, size of the large value).
    """

    def __init__(self, name, dialect, tenant):
        self.name, self.dialect, self.tenant = name, dialect, tenant
        self.steps = []
        self.id = self.key = self.body = None

    def key_header(self):
        return (("HTTP_IDEMPOTENCY_KEY", f'"{self.key}"'),)

    def due_after(self, state, wall):
        """Step.due of a step at this time that leads to the state."""
        if not state or not is_kept_shortly(self.dialect, state_of_version(state[0])):
            return None
        before = self.steps[-1] if self.steps else None
        if before and before.state and before.state[0] == state[0]:
            return before.due
        return wall + KEPT_SECONDS

    def _possible(self, cut):
        possible = {(None, None)}
        for step in self.steps:
            if step.begin >= cut:
                break
            known = step.answered is not None and step.answered <= cut
            after = {(step.state, step.due)}
            if known and step.outcome == "ok":
                possible = after
            elif not known or step.outcome == "unknown":
                possible = possible | after
        return possible

    def states(self, cut, now):
        """The states in which it may be after a cut at this number, and at this time."""
        states = {state for state, _ in self._possible(cut)}
        return states | {None} if self.may_be_removed(cut, now) else states

    def may_be_removed(self, cut, now):
        """Whether retention may have removed it."""
        return any(due is not None and due <= now for _, due in self._possible(cut))

    def is_acknowledged(self, cut, steps=None):
        """Whether one of the steps (default: all) was answered with a success before the cut."""
        return any(
            step.outcome == "ok" and step.answered is not None and step.answered <= cut
            for step in steps or self.steps
        )


def state_of(row):
    """The state of an exported task, as in TaskRecord.states; a text if its fields are damaged."""
    fields = row["fields"]
    name, version = fields.get("name"), fields.get("version_number")
    pad = fields.get("pad") or ""
    expected = fields_of(row["dialect"], name, version, len(pad))
    wrong = [key for key, value in expected.items() if fields.get(key) != value]
    if wrong:
        return f"damaged: {wrong}"
    if row["dialect"] in ("native", "virtshell") and row["state"] != state_of_version(version):
        return f"state {row['state']} of version {version}"
    return (version, row["archived"], len(pad))


def is_due(row, now):
    """Whether retention may have removed an exported task by this time."""
    kept_shortly = is_kept_shortly(row["dialect"], row["state"])
    return kept_shortly and row["finished"] / 1000 + KEPT_SECONDS <= now


def over_quota(rows):
    """Tenants that have more tasks than their quota."""
    counts = collections.Counter(row["tenant"] for row in rows if row["tenant"] != DEMO)
    return [f"{tenant} has {count} tasks" for tenant, count in counts.items() if count > QUOTA_TASKS]


def compare_usage(counted, rows):
    """Differences of the counts by tenant from the exported rows."""
    there = collections.Counter(row["tenant"] for row in rows)
    return [
        f"tenant {tenant}: {counted.get(tenant, 0)} tasks are counted, {there[tenant]} are there"
        for tenant in sorted(counted.keys() | there.keys())
        if counted.get(tenant, 0) != there[tenant]
    ]


def compare(tasks, rows, cut, now, settled=()):
    """Differences between the records and the exported rows after a cut, which was not later than
    the time `now`; settled: id by name of tasks whose creation was repeated with its key since."""
    found, problems = {}, over_quota(rows)
    for row in rows:
        found.setdefault(row["fields"].get("name"), []).append(row)
    numbers = [(row["tenant"], row["dialect"], row["number"]) for row in rows if row["number"]]
    if len(numbers) != len(set(numbers)):
        problems.append("a number was given twice")
    for task in tasks:
        there = found.pop(task.name, [])
        if len(there) > 1:
            problems.append(f"doubled: {task.name}: {[row['id'] for row in there]}")
            continue
        state = state_of(there[0]) if there else None
        possible = task.states(cut, now)
        if task.name in settled:
            possible = possible - {None}
            if there and there[0]["id"] != settled[task.name]:
                problems.append(f"{task.name}: another id than its repeated creation")
        if state not in possible:
            kind = "lost" if task.is_acknowledged(cut) else "not created"
            problems.append(f"{kind}: {task.name} ({task.dialect}): {state}, not of {possible}")
        elif there and task.is_acknowledged(cut, task.steps[:1]) and there[0]["id"] != task.id:
            problems.append(f"{task.name}: id {there[0]['id']}, not {task.id}")
        elif there and there[0]["tenant"] != task.tenant:
            problems.append(f"{task.name}: of tenant {there[0]['tenant']}, not {task.tenant}")
    problems += [f"unknown task {name}: {rows[0]['id']}" for name, rows in found.items()]
    return problems
