"""Entity tags of lists: 304 while nothing has changed, and never after a change."""
import functools
import os
import random
import threading
import time

from claims_client import Worker, create
from dialects import DIALECTS, WITH_TASKS
from lib import Instance, run_tests
from tap import equal, ok, until

shared = functools.cache(Instance)
POINTS = DIALECTS["uplynk"].prefix + "/slicers/ingest-points"
SOME = "/v1/tasks?dialect=" + ",".join(sorted(set(WITH_TASKS) - {"native"}))
LISTS = [dialect.list_path for dialect in DIALECTS.values()]
LISTS += ["/v1/tasks?limit=2", "/v1/ingest-points", POINTS, "/engine-rest/external-task/count"]


def read(instance, path, *lines, method="GET", token=None):
    return instance.request(method, path, None, instance.bearer(token) + list(lines))


def again(instance, path, tag, **named):
    """The status of a conditional request."""
    answer = read(instance, path, ("If-None-Match", tag), **named)
    if answer.status == 304:
        equal(answer.body, b"", f"{path}: a 304 has no body")
        ok(answer.headers["ETag"].strip("W/") in tag, f"{path}: and the tag", answer.headers["ETag"])
    return answer.status


def tag_of(instance, path, token=None):
    answer = read(instance, path, token=token)
    if answer.status != 200 or not answer.headers["ETag"]:
        raise RuntimeError(f"{path}: {answer} {answer.headers.items()}")
    return answer.headers["ETag"]


def new_task(instance, name, **members):
    if name != "native":
        fields = dict(WITH_TASKS[name].kinds[0][1])
        if name == "vionlabs":
            fields |= {"inventory_id": "item-of-ours", "version": os.urandom(4).hex()}
        members |= {"dialect": name, "fields": fields}
    answer = instance.native("POST", "/tasks", members)
    if answer.status != 201:
        raise RuntimeError(f"create: {answer}")
    return answer.json()["id"]


def changes(instance, name, task):
    """Each change of a task in the order of its life: (what, function)."""
    path = f"/tasks/{task}"
    worker = Worker(instance)
    kept = {}

    def claim():
        kept["claim"] = worker.take(dialects=[name])
        return kept["claim"]["task"]["id"] == task

    return (
        ("a change", lambda: instance.native("PATCH", path, {"priority": 2**31 - 1}).status == 200),
        ("a claim", claim),
        (
            "progress",
            lambda: worker.report("heartbeat", kept["claim"], progress=1).status == 200,
        ),
        ("the end", lambda: worker.report("complete", kept["claim"]).status == 200),
        ("archival", lambda: instance.native("POST", path + "/archive", None).status == 200),
        ("removal", lambda: instance.native("DELETE", path).status == 204),
    )


def lists_of_every_dialect():
    instance = shared()
    for path in LISTS:
        tag = tag_of(instance, path)
        ok(tag.startswith('W/"'), f"{path}: a weak tag", tag)
        equal(again(instance, path, tag), 304, f"{path}: 304 while nothing changes")
        equal(again(instance, path, tag, method="HEAD"), 304, f"{path}: also of HEAD")
        equal(again(instance, path, f'"x", {tag[2:]}'), 304, f"{path}: weak comparison")
        equal(again(instance, path, '"x"'), 200, f"{path}: another tag")
    for name in WITH_TASKS:
        lists = {WITH_TASKS[name].list_path, "/v1/tasks", f"/v1/tasks?dialect={name}"}
        tags = {path: tag_of(instance, path) for path in lists}
        task = new_task(instance, name)
        for what, change in (("a creation", lambda: True), *changes(instance, name, task)):
            ok(change(), f"{name}: {what}")
            wrong = [path for path in lists if again(instance, path, tags[path]) != 200]
            equal(wrong, [], f"{name}: {what} changes the lists")
            tags = {path: tag_of(instance, path) for path in lists}
    other = tag_of(instance, SOME)
    new_task(instance, "native")
    equal(again(instance, SOME, other), 304, "other dialects")


def what_has_no_tag():
    instance = shared()
    create(instance)
    paths = ("/v1/stats", "/v1/workers", "/engine-rest/external-task?locked=true", "/v1/stats/series")
    for path in (*paths, "/engine-rest/external-task?notLocked=true", "/v1/tasks?limit=0"):
        answer = read(instance, path)
        equal(answer.headers.get("ETag"), None, f"{path}: {answer.status} without a tag")
    equal(again(instance, paths[2], "*"), 200, "so there is nothing to compare")


def users_and_tenants():
    instance = shared()
    instance.ctl("user", "add", "reader", "--tenant", "demo", "--rights", "read")
    instance.ctl("user", "add", "foreign", "--tenant", "other", "--rights", "read,write")
    reader, foreign = (instance.add_token(name, name) for name in ("reader", "foreign"))
    tag = tag_of(instance, "/v1/tasks")
    equal(again(instance, "/v1/tasks", tag, token=reader), 304, "a tenant's users share the tag")
    equal(again(instance, "/v1/tasks", tag, token=foreign), 200, "other tenants do not")
    ok(tag_of(instance, "/v1/tasks", foreign) != tag, "whose tag is another one")
    query = DIALECTS["fourhse"].list_path + "?access-token="
    one = instance.request("GET", query + instance.token, None, [])
    two = instance.request("GET", query + reader, None, [("If-None-Match", one.headers["ETag"])])
    equal(two.status, 304, "credentials in the query do not count")


def changes_by_the_service():
    instance = Instance(conf={"retention.succeeded": "1s"})
    worker = Worker(instance)

    def changes_by_itself(what, tag):
        ok(until(lambda: again(instance, "/v1/tasks", tag) == 200, 15), what)

    create(instance, kind="due", not_before=time.strftime("%FT%TZ", time.gmtime(time.time() + 2)))
    changes_by_itself("the end of a delay", tag_of(instance, "/v1/tasks"))
    worker.take(kinds=["due"], lease_seconds=1, confirm_seconds=1)
    changes_by_itself("the end of a lease", tag_of(instance, "/v1/tasks"))
    create(instance, state="succeeded")
    changes_by_itself("a removal by age", tag_of(instance, "/v1/tasks"))
    exported = instance.ctl("export")
    last = instance.native("GET", "/tasks").json()["items"][0]["id"]
    equal(instance.native("DELETE", f"/tasks/{last}").status, 204, "a task is removed")
    tag = tag_of(instance, "/v1/tasks")
    instance.ctl("import", stdin=exported)
    equal(again(instance, "/v1/tasks", tag), 200, "an import")
    tag = tag_of(instance, "/v1/tasks")
    instance.conf["retention.succeeded"] = "2h"
    instance.write_conf()
    equal(instance.ctl_run("reload").returncode, 0, "a reload with another retention")
    equal(again(instance, "/v1/tasks", tag), 200, "changes bodies, so the tag")
    for restart in (instance.stop_daemon, instance.kill_daemon):
        tag = tag_of(instance, "/v1/tasks")
        restart()
        instance.start()
        equal(again(instance, "/v1/tasks", tag), 200, "no tag survives a restart")
    instance.stop("service")


def random_changes_of_two_clients():
    """Each conditional request is compared with a full one."""
    instance = Instance()
    seed = random.randrange(10**6)
    draw = random.Random(seed)
    paths = ["/v1/tasks", "/v1/tasks?state=pending", SOME, LISTS[0]]
    kept, tasks, fresh, wrong = {}, [], 0, []
    for number in range(300):
        what = draw.random()
        if what < 0.2 or not tasks:
            tasks.append(new_task(instance, draw.choice(sorted(WITH_TASKS))))
        elif what < 0.3:
            instance.native("PATCH", f"/tasks/{draw.choice(tasks)}", {"priority": number})
        elif what < 0.35:
            instance.native("DELETE", f"/tasks/{tasks.pop()}")
        elif what < 0.355:
            instance.kill_daemon()
            instance.start()
            instance.wait_serving()
        path = draw.choice(paths)
        full = read(instance, path)
        answer = read(instance, path, ("If-None-Match", kept[path][0])) if path in kept else full
        if answer.status == 304:
            fresh += 1
            wrong += [(number, path)] if kept[path][1] != full.body else []
        kept[path] = (full.headers["ETag"], full.body)
    equal(wrong, [], f"no stale 304 (seed {seed})")
    ok(fresh > 20, "some lists were unchanged", fresh)
    instance.stop("random")


class Changer(threading.Thread):
    """A client that changes tasks of its own at random, and keeps when each change was made."""

    def __init__(self, instance, seed, until):
        super().__init__()
        self.instance, self.draw, self.until = instance, random.Random(seed), until
        self.tasks, self.times, self.failed = [], [], []

    def change(self):
        what = self.draw.random()
        if what < 0.4 or not self.tasks:
            self.tasks.append(new_task(self.instance, "native"))
        elif what < 0.8:
            path = f"/tasks/{self.draw.choice(self.tasks)}"
            return self.instance.native("PATCH", path, {"priority": self.draw.randrange(2**31)}).status
        else:
            return self.instance.native("DELETE", f"/tasks/{self.tasks.pop()}").status
        return 201

    def run(self):
        while time.monotonic() < self.until:
            begun = time.monotonic()
            try:
                status = self.change()
                self.times.append((begun, time.monotonic()))
                if status not in (200, 201, 204):
                    self.failed.append(status)
            except Exception as error:  # pylint: disable=broad-except
                self.failed.append(repr(error))
            time.sleep(self.draw.choice((0, 0.01, 0.1, 0.3)))


def changes_of_two_clients_at_the_same_time():
    """No 304 if a change began after the list was received, and was confirmed before the request."""
    instance = Instance()
    seed = random.randrange(10**6)
    changers = [Changer(instance, seed + n, time.monotonic() + 8) for n in range(2)]
    for changer in changers:
        changer.start()
    seen = []  # (the list was received, the conditional request began) of each 304
    while any(changer.is_alive() for changer in changers):
        tag = tag_of(instance, "/v1/tasks")
        received = time.monotonic()
        for _ in range(20):
            begun = time.monotonic()
            if read(instance, "/v1/tasks", ("If-None-Match", tag)).status != 304:
                break
            seen.append((received, begun))
    for changer in changers:
        changer.join()
    equal([changer.failed for changer in changers], [[], []], "all changes succeed")
    made = [times for changer in changers for times in changer.times]
    stale = [
        (received, begun)
        for received, begun in seen
        if any(received <= first and last <= begun for first, last in made)
    ]
    equal(stale, [], f"{len(made)} changes, {len(seen)} times 304, never a stale one (seed {seed})")
    ok(len(made) > 10 and len(seen) > 10, "of both there were some", (len(made), len(seen)))
    instance.stop("same time")


def stop_shared():
    shared().stop("shared instance")


if __name__ == "__main__":
    run_tests(
        lists_of_every_dialect,
        what_has_no_tag,
        users_and_tenants,
        stop_shared,
        changes_by_the_service,
        random_changes_of_two_clients,
        changes_of_two_clients_at_the_same_time,
    )
