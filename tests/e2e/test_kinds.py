"""Kind and priority of tasks of every dialect, in lists of the native API and in exports."""
import itertools
import json

from dialects import WITH_TASKS
from lib import run_tests
from native_client import TASKS, ask, create, is_problem, items, patch, shared
from tap import equal, ok

PRIORITIES = (0, 10, -10, 3, -(2**31), 2**31 - 1)


def quoted(text):
    return "".join(f"%{byte:02x}" for byte in text.encode())


def fill():
    """Tasks of all dialects, some archived; returns those that lists show."""
    made = []
    priorities = itertools.cycle(PRIORITIES)
    for name, dialect in WITH_TASKS.items():
        for kind, fields in dialect.kinds:
            priority = next(priorities)
            task = create(dialect=name, fields=fields, priority=priority)
            equal((task["kind"], task["priority"]), (kind, priority), f"{name}: kind {kind}")
            made.append(task)
    for number in range(40):
        kind = ("audio", "video", "adbreaks", None)[number % 4]
        priority = PRIORITIES[number % 5]
        members = {"kind": kind} if kind or number % 8 else {}
        task = create(priority=priority, **members)
        equal((task["dialect"], task["kind"]), ("native", kind), f"native: kind {kind}")
        made.append(task)
    for task in made[::7]:
        patch(task, {"archived": True})
    return [task for number, task in enumerate(made) if number % 7]


def walk(query):
    """The ids of all pages, of few tasks each."""
    ids, cursor = [], ""
    while True:
        page = ask("GET", f"{TASKS}?limit=4{query}{cursor}").json()
        ids += [task["id"] for task in page["items"]]
        if not page["next"]:
            return ids, page["total"]
        cursor = "&cursor=" + page["next"]


def filters(made):
    kinds = sorted({task["kind"] for task in made}, key=str)
    for kind in kinds:
        for dialects in ("", "native", "fourhse", "native,fourhse", "vionlabs,fourhse"):
            wanted = [
                task["id"]
                for task in made
                if task["kind"] == kind and (not dialects or task["dialect"] in dialects)
            ]
            query = f"&kind={quoted(kind or '')}" + (f"&dialect={dialects}" if dialects else "")
            found, total = walk(query)
            equal((found, total), (wanted, len(wanted)), f"kind {kind} of {dialects or 'all'}")
    many = "".join(f"&kind=k{number}" for number in range(55)) + "&kind=audio&kind=markers"
    for dialects in ("native", "native,fourhse"):
        audio = {task["id"] for task in made if task["kind"] == "audio"}
        found, _ = walk(f"{many}&dialect={dialects}&archived=any")
        ok(audio <= set(found), f"57 kinds of {dialects}", found)
    both = [task["id"] for task in made if task["kind"] in ("audio", "markers")]
    equal(walk("&kind=audio&kind=markers")[0], both, "two kinds")
    low = [t["id"] for t in made if t["priority"] == -10 and t["kind"] == "adbreaks"]
    equal(walk("&kind=adbreaks&priority=-10")[0], low, "a kind and a priority")
    some = [t["id"] for t in made if t["priority"] in (10, -(2**31))]
    equal(walk("&priority=10&priority=-2147483648")[0], some, "two priorities")
    pending = [t["id"] for t in made if t["kind"] == "audio" and t["state"] == "pending"]
    equal(walk("&kind=audio&state=pending")[0], pending, "a kind and a state")


def orders(made):
    """Every task once, also those without a kind, however small the pages are."""
    keys = {
        "kind": lambda task: (task["kind"] or "").encode(),
        "priority": lambda task: task["priority"],
    }
    for key, value in keys.items():
        for dialects in ("", "native", "fourhse,native,vionlabs"):
            tasks = [t for t in made if not dialects or t["dialect"] in dialects]
            query = f"&sort={key}" + (f"&dialect={dialects}" if dialects else "")
            wanted = [task["id"] for task in sorted(tasks, key=value)]
            equal(walk(query)[0], wanted, f"sort={key}, {dialects or 'all'}")
            wanted = [task["id"] for task in sorted(tasks[::-1], key=value, reverse=True)]
            equal(walk(query.replace("=", "=-", 1))[0], wanted, f"sort=-{key}, {dialects or 'all'}")
    audio = [t for t in made if t["kind"] == "audio"]
    wanted = [t["id"] for t in sorted(audio[::-1], key=keys["priority"], reverse=True)]
    equal(walk("&kind=audio&sort=-priority")[0], wanted, "a kind, the highest priority first")
    wanted = [task["id"] for task in audio[::-1]]
    equal(walk("&kind=audio&sort=-kind&dialect=native")[0], wanted, "a kind in its own order")


def lists():
    made = fill()
    filters(made)
    orders(made)


def changes():
    """PATCH moves a task from one kind to another; of other dialects by its fields only."""
    task = create(kind="before")
    equal(patch(task, {"kind": "after"}).json()["kind"], "after", "PATCH of the kind")
    equal([t["id"] for t in items("?kind=after&dialect=native")], [task["id"]], "the new kind")
    equal(items("?kind=before&dialect=native"), [], "not the old one")
    equal(patch(task, {"kind": None}).json()["kind"], None, "null removes the kind")
    equal(items("?kind=after&dialect=native"), [], "the index has it no more")
    for kind in ("", "k" * 65, "\u00e9" * 33, "a\tb", 5):
        answer = patch(task, {"kind": kind})
        ok(is_problem(answer, 422, "unprocessable", ("pointer", "/kind")), f"{kind}: 422", answer)
    other = create(dialect="fourhse", fields={"handler": "one"})
    for kind in ("two", None):
        answer = patch(other, {"kind": kind})
        ok(is_problem(answer, 422, "unprocessable", ("pointer", "/kind")), "4HSE: 422", answer)
    equal(patch(other, {"fields": {"handler": "two"}}).json()["kind"], "two", "a field changes it")
    equal([t["id"] for t in items("?kind=two")], [other["id"]], "and the list of its kind")
    for query, name in (
        ("kind=" + "k" * 65, "kind"),
        ("priority=high", "priority"),
        ("priority=2147483648", "priority"),
        ("sort=--priority", "sort"),
    ):
        answer = ask("GET", f"{TASKS}?{query}")
        ok(is_problem(answer, 400, "invalid", ("parameter", name)), f"?{query}: 400", answer)


def vionlabs():
    """The words of Vionlabs and the numbers of the native API agree."""
    instance = shared()
    for word, number in ((None, -10), ("low", -10), ("medium", 0), ("high", 10)):
        item = f"word-{word}"
        path = f"/tasks/catalog-item/{item}/product/nudity/version/1"
        instance.request("POST", path, {"priority": word} if word else None, instance.bearer())
        (task,) = items(f"?dialect=vionlabs&fields.inventory_id={item}")
        equal(
            (task["priority"], task["fields"].get("priority")),
            (number, word),
            f"a client's priority {word}",
        )
    for body, number, word in (
        ({"priority": -7}, -7, "low"),
        ({"priority": 0}, 0, "medium"),
        ({"priority": 99}, 99, "high"),
        ({"fields": {"priority": "low"}}, -10, "low"),
        ({"fields": {"priority": "high"}, "priority": 2}, 2, "high"),
        ({"fields": {"priority": None}}, -10, None),
    ):
        changed = patch(task, body).json()
        equal((changed["priority"], changed["fields"].get("priority")), (number, word), f"{body}")
    answer = patch(task, {"priority": 5, "fields": {"priority": "low"}})
    ok(
        is_problem(answer, 422, "unprocessable", ("pointer", "/fields/priority")),
        "a number and a word that disagree: 422",
        answer,
    )
    first = instance.request("POST", path, None, instance.bearer())
    equal(first.status, 200, "POST without a priority")
    equal(ask("GET", f"{TASKS}/{task['id']}").json()["priority"], -10, "leaves the priority")


def exports():
    """The kind of a native task is in exports; an import brings it back."""
    instance = shared()
    task = create(kind="exported \u00e9", priority=4)
    lines = [json.loads(line) for line in instance.ctl("export").splitlines()[1:]]
    (line,) = [line for line in lines if line.get("id") == task["id"]]
    equal(line["kind"], "exported \u00e9", "an export has the kind")
    others = [line["kind"] for line in lines if line.get("dialect") not in (None, "native")]
    ok(others and not any(others), "those of other dialects follow from their fields", others)
    ask("DELETE", f"{TASKS}/{task['id']}")
    instance.ctl("import", stdin=json.dumps(line) + "\n")
    read = ask("GET", f"{TASKS}/{task['id']}").json()
    equal((read["kind"], read["priority"]), ("exported \u00e9", 4), "an import brings it back")
    (found,) = items("?dialect=native&kind=exported%20%c3%a9")
    equal(found["id"], task["id"], "with its entry in the index")


def ending():
    shared().verify("kinds")
    shared().stop("kinds")


run_tests(lists, changes, vionlabs, exports, ending)
