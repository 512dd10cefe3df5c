"""GET /v1/events as a stream of server-sent events."""
import json
import os
import signal
import time

from event_stream import EVENTS, Stream
from lib import Instance, run_tests
from native_client import TASKS
from tap import equal, note, ok, until

JSON = ("Content-Type", "application/json")
SECONDS = 10


def create(instance, token=None, **members):
    answer = instance.request(
        "POST",
        TASKS,
        members,
        headers=[("Authorization", f"Bearer {token or instance.token}"), JSON],
        documented=False,
    )
    if answer.status != 201:
        raise RuntimeError(f"create: {answer}")
    return answer.json()["id"]


def streams(instance):
    return sum(child.get("streams", 0) for child in instance.status()["processes"])


def tasks_of(stream):
    return [json.dumps(data) for _, data in list(stream.events)]


def has(stream, tasks):
    """Whether the stream has one event of each task, in this order, and no others."""
    texts = tasks_of(stream)
    return len(texts) == len(tasks) and all(task in text for task, text in zip(tasks, texts))


def order():
    instance = Instance()
    first, second = Stream(instance), Stream(instance)
    equal(first.status, 200, "a stream begins")
    ok(first.headers.get("Content-Type", "").startswith("text/event-stream"), "its type", first.headers)
    equal(first.headers.get("Cache-Control"), "no-store", "caches do not keep it")
    ok(until(lambda: first.last(), SECONDS), "it has a place before the first event")
    ok(2000 <= (first.retry or 0) < 3000, "and says when to come back", first.retry)
    ok(until(lambda: streams(instance) == 2, SECONDS), "the status shows both streams")
    began = time.monotonic()
    tasks = [create(instance)]
    ok(until(lambda: has(first, tasks), SECONDS), "an event arrives", first.events)
    note(f"within {1000 * (time.monotonic() - began):.0f} ms of the request")
    tasks += [create(instance) for _ in range(100)]
    for name, stream in (("first", first), ("second", second)):
        ok(until(lambda: has(stream, tasks), SECONDS), f"{name}: all events in order", len(stream.events))
        equal(len(set(stream.ids())), len(tasks), f"{name}: each with an id of its own")
    late = Stream(instance, last=first.ids()[49])
    ok(until(lambda: has(late, tasks[50:]), SECONDS), "a later one goes on behind a place", len(late.events))
    filtered = Stream(instance, "?kind=wanted", last=first.ids()[0])
    wanted = create(instance, kind="wanted")
    ok(until(lambda: has(filtered, [wanted]), SECONDS), "a filter applies", filtered.events)
    head = Stream(instance, method="HEAD")
    equal((head.status, head.response.read()), (200, b""), "HEAD has the head alone")
    for stream in (first, second, late, filtered):
        stream.close()
    ok(until(lambda: streams(instance) == 0, SECONDS), "clients that leave are noticed")
    instance.stop()


def tenants():
    instance = Instance()
    instance.ctl("user", "add", "stranger", "--tenant", "other", "--rights", "read,write")
    other = instance.add_token("stranger", "t")
    mine, theirs = Stream(instance), Stream(instance, token=other)
    task = create(instance)
    hidden = create(instance, token=other)
    ok(until(lambda: has(mine, [task]), SECONDS), "a tenant gets its events", mine.events)
    ok(until(lambda: has(theirs, [hidden]), SECONDS), "and another one its own", theirs.events)
    refused = Stream(instance, token="invalid")
    equal(refused.status, 401, "an invalid token is refused")
    instance.ctl("user", "add", "worker", "--tenant", "demo", "--rights", "work")
    without = Stream(instance, token=instance.add_token("worker", "w"))
    equal(without.status, 403, "so is a user without the right read")
    equal(json.loads(without.body)["type"], "/v1/problems/forbidden", "with a problem")
    for query in ("?limit=10", "?wait=1", "?wait=0"):
        stream = Stream(instance, query)
        equal(stream.status, 400, f"a stream cannot have {query}")
        equal(
            json.loads(stream.body)["errors"][0]["parameter"],
            query[1:].partition("=")[0],
            "the parameter is named",
        )
    unknown = Stream(instance, last="1-1")
    equal(unknown.status, 410, "a place of another journal is gone")
    mine.close()
    theirs.close()
    instance.stop()


class Follower:
    """Comes back with its last id whenever a stream ends, as an EventSource does."""

    def __init__(self, instance, pause=None, query=""):
        self.instance, self.pause, self.query = instance, pause, query
        self.stream, self.old, self.ends = None, [], 0
        self.connect(None)

    def connect(self, last):
        self.stream = Stream(self.instance, self.query, last=last, pause=self.pause)
        ok(self.stream.status == 200, "the stream begins", self.stream.status)
        until(self.stream.last, SECONDS)

    def follow(self):
        if self.stream.status == 200 and not self.stream.ended:
            return
        self.ends += 1
        last = self.stream.last() or self.last
        self.old += self.stream.events
        self.last = last
        self.stream = Stream(self.instance, self.query, last=last, pause=self.pause)

    def events(self):
        return self.old + self.stream.events

    def has(self, tasks):
        self.follow()
        texts = [json.dumps(data) for _, data in self.events()]
        return len(texts) == len(tasks) and all(task in text for task, text in zip(tasks, texts))


def restarts():
    instance = Instance(expect=("exit",))
    followers = [Follower(instance) for _ in range(3)]
    tasks = [create(instance) for _ in range(10)]
    for pid in instance.workers():
        os.kill(pid, signal.SIGKILL)
    ok(until(lambda: instance.answers(), 30), "the service answers after kill -9 of its workers")
    tasks += [create(instance) for _ in range(10)]
    for follower in followers:
        ok(until(lambda: follower.has(tasks), 30), "no event is lost or repeated", len(follower.events()))
        ok(follower.ends > 0, "and the stream had ended")
    began = time.monotonic()
    instance.ctl("reload")
    note(f"reload: {time.monotonic() - began:.2f} s")
    ok(time.monotonic() - began < 8, "a reload does not wait for streams")
    ok(until(lambda: all(f.stream.ended for f in followers), SECONDS), "it ends them")
    ok(all(f.stream.error is None for f in followers), "cleanly", [f.stream.error for f in followers])
    tasks += [create(instance) for _ in range(10)]
    for follower in followers:
        ok(until(lambda: follower.has(tasks), 30), "the same after a reload", len(follower.events()))
    instance.stop_daemon()
    instance.start_daemon()
    instance.wait_serving()
    tasks += [create(instance) for _ in range(10)]
    for follower in followers:
        ok(until(lambda: follower.has(tasks), 30), "the same after a restart", len(follower.events()))
        follower.stream.close()
    instance.stop()


def slow():
    instance = Instance({"reader_seconds": "1"})
    follower = Follower(instance, pause=0.001)
    text = "x" * 3000
    tasks = [create(instance, kind="big", fields={"text": text}) for _ in range(300)]
    ok(until(lambda: follower.has(tasks), 60), "a slow reader gets all events", len(follower.events()))
    note(f"its stream had ended {follower.ends} times")
    follower.stream.close()
    ok(until(lambda: instance.answers(), 30), "the service answers")
    instance.stop()


def quiet():
    instance = Instance()
    instance.ctl("user", "add", "stranger", "--tenant", "other", "--rights", "read,write")
    other = instance.add_token("stranger", "t")
    stream = Stream(instance)
    until(stream.last, SECONDS)
    for _ in range(20):
        create(instance, token=other)
    ok(until(lambda: len(stream.places) == 2, 30), "a silent stream is told a new place", stream.places)
    behind = int(stream.last().split("-")[1]) - int(stream.places[0].split("-")[1])
    ok(behind >= 20, "behind the events of another tenant", stream.places)
    equal(stream.events, [], "which it does not get")
    for _ in range(20):
        create(instance)
    ok(until(lambda: len(stream.events) == 20, SECONDS), "it gets its own ones", stream.events)
    filtered = Stream(instance, "?kind=none", last=stream.ids()[0])
    until(filtered.last, SECONDS)
    instance.ctl("reload")
    ok(until(lambda: filtered.ended and stream.ended, SECONDS), "a reload ends streams")
    ok(filtered.places[-1] == stream.places[-1], "the newest place comes before the end", filtered.places)
    equal(filtered.events, [], "also without an event")
    stream.close()
    filtered.close()
    instance.stop()


def dropped(instance):
    return sum(child.get("dropped", 0) for child in instance.status()["processes"])


def blocked():
    """A client that reads nothing, until no buffer on the way has room."""
    instance = Instance({"reader_seconds": "1"})
    follower = Follower(instance, query="?include=task")
    other = Stream(instance)
    follower.stream.reads.clear()
    text = "x" * 60000
    tasks = [create(instance, kind="big", fields={"text": text}) for _ in range(300)]
    ok(until(lambda: has(other, tasks), SECONDS), "another stream gets all events", len(other.events))
    ok(until(lambda: dropped(instance) == 1, 30), "a stream that nobody reads is dropped")
    equal(streams(instance), 1, "only that one")
    follower.stream.reads.set()
    ok(until(lambda: follower.has(tasks), 60), "its client loses nothing", len(follower.events()))
    ok(follower.ends > 0, "and has come back", follower.ends)
    full = all(data["task"]["fields"]["text"] == text for _, data in follower.events())
    ok(full, "each event has its task")
    follower.stream.close()
    other.close()
    instance.stop()


def log_line():
    instance = Instance()
    stream = Stream(instance)
    create(instance)
    until(lambda: stream.events, SECONDS)
    stream.close()

    def lines():
        return [line for line in instance.events("request") if line.get("route") == "/events"]

    ok(until(lambda: lines(), SECONDS), "the end of a stream is logged", EVENTS)
    line = lines()[0]
    equal((line["status"], line["method"]), (200, "GET"), "with status and method")
    ok(line["out"] > 50 and line["us"] > 0 and line["id"], "bytes, duration and id", line)
    instance.stop()


if __name__ == "__main__":
    run_tests(order, tenants, restarts, slow, blocked, quiet, log_line)
