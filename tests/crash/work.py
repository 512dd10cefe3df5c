"""Workers beside kills: `make work TASKS=20000 WORKERS=200 SEED=1`, or this program with such words.

Workers, half of whose first attempts go wrong (claim_racers.py), carry out tasks of all dialects,
while processes of the service are killed one by one or all together, and workers vanish. Then each
task must have the one result that was accepted, and its attempts must agree with what the workers
were told. Meanwhile no lease may be over for longer than a second while the service is there.

    tasks=N      default 3000
    workers=N    default 50
    seed=S       default random; printed
"""
import http.client
import os
import random
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
os.environ.setdefault("POLYTASK_TEST_SECONDS", "0")  # END_SECONDS is the limit
import tap
from claim_racers import DIALECTS, Journal, Racer, check_results, create_tasks, left
from claims_client import seconds
from lib import Instance
from runs import read_words
from tap import equal, note, ok, until

KILL_SECONDS = (0.5, 3)  # between two kills
ALL_SHARE = 0.1  # of the kills: the supervisor and, with it, all processes
VANISH_SHARE = 0.2  # of the kills: a worker vanishes with what it holds, too
# A lease that is over has to be acted on within a second; the service is slower after a kill.
LATE_SECONDS = 1.0
RECOVERY_SECONDS = 5.0
END_SECONDS = 900
# Of a request while the service recovers.
UNANSWERED = (OSError, http.client.HTTPException, ValueError, KeyError)


class Watch(threading.Thread):
    """Looks for leases that are over for too long."""

    def __init__(self, instance, last_kill):
        super().__init__(daemon=True)
        self.instance, self.last_kill = instance, last_kill
        self.stopping, self.late, self.latest = threading.Event(), [], 0.0

    def look(self, connection):
        began = time.time()
        answer = self.instance.native(
            "GET", "/tasks?state=running&limit=500&total=false", connection=connection
        )
        if answer.status != 200 or began - self.last_kill[0] < RECOVERY_SECONDS:
            return
        for task in answer.json()["items"]:
            over = began - seconds(task["lease"]["expires_at"]) if task["lease"] else 0
            self.latest = max(self.latest, over)
            if over > LATE_SECONDS:
                self.late.append((task["id"], round(over, 3)))

    def run(self):
        connection = self.instance.connect(20)
        while not self.stopping.wait(0.2):
            try:
                self.look(connection)
            except UNANSWERED:
                connection.close()
                connection = self.instance.connect(20)


def kill_some(instance, draw, racers, last_kill):
    """Kills a process of the service, or all; sometimes a worker vanishes with what it holds."""
    if draw.random() < VANISH_SHARE:
        draw.choice(racers).vanishes = True
    last_kill[0] = time.time()
    if draw.random() < ALL_SHARE:
        instance.kill_daemon()
        instance.start_daemon()
        return "all"
    process = draw.choice([c for c in instance.status()["processes"] if c["pid"]])
    os.kill(process["pid"], signal.SIGKILL)
    return process["process"].split()[0]


def is_done(instance):
    try:
        return left(instance) == 0
    except UNANSWERED:
        return False


def kill_until_done(instance, draw, racers, last_kill):
    """In the main thread: the system ends the service when the thread that started it ends."""
    counts, end = {}, time.monotonic() + END_SECONDS
    while time.monotonic() < end and not is_done(instance):
        time.sleep(draw.uniform(*KILL_SECONDS))
        try:
            name = kill_some(instance, draw, racers, last_kill)
        except (OSError, ValueError, RuntimeError, IndexError):
            continue  # it recovers
        last_kill[0] = time.time()
        counts[name] = counts.get(name, 0) + 1
    note(f"killed: {counts}")


def check_attempts(instance, journal, tasks):
    """The last attempt completed the task, by the worker of the result; before it none did."""
    wrong = []
    for task in tasks:
        shown = instance.native("GET", f"/tasks/{task}").json()
        attempts = instance.native("GET", f"/tasks/{task}/attempts").json()
        items = attempts["items"]
        outcomes = [item["outcome"] for item in items]
        counted = [i["number"] for i in items if i["outcome"] not in ("undone", "released")]
        if (
            not attempts["complete"]
            or outcomes[:1] != ["completed"]
            or "completed" in outcomes[1:]
            or counted != list(range(shown["attempt"], 0, -1))
            or not shown["result"].startswith(items[0]["worker"] + ":")
        ):
            wrong.append(f"{task}: attempt {shown['attempt']}, {items}")
    ok(not wrong, "the attempts of each task are what happened", "\n".join(wrong[:5]))


def work(words):
    draw = random.Random(words["seed"])
    instance = Instance(
        conf={"principal_rate": "0", "principal_requests": "2000"},
        expect={"child", "exit", "recovery", "restart", "start", "stuck"},
    )
    journal = Journal()
    tasks = create_tasks(instance, words["tasks"] // len(DIALECTS))
    ended, last_kill, began = threading.Event(), [0.0], time.monotonic()
    racers = [Racer(instance, journal, i, ended.is_set) for i in range(words["workers"])]
    watch = Watch(instance, last_kill)
    for thread in (*racers, watch):
        thread.start()
    kill_until_done(instance, draw, racers, last_kill)
    ended.set()
    watch.stopping.set()
    watch.join()
    for racer in racers:
        racer.join(60)
    until(lambda: is_done(instance), 60)
    note(f"{len(tasks)} tasks, {time.monotonic() - began:.1f} s, {dict(journal.counts)}")
    note(f"a lease was over for at most {watch.latest:.2f} s")
    equal(left(instance), 0, "all tasks have ended")
    ok(not journal.wrong, "every answer was possible", journal.wrong[:20])
    ok(not watch.late, "no lease is over for longer than a second", watch.late[:20])
    check_results(instance, journal, tasks)
    check_attempts(instance, journal, tasks)
    instance.verify("work")
    instance.stop("work")


def main():
    words = read_words(sys.argv[1:], tasks=3000, workers=50, seed=random.randrange(1 << 32))
    words = {name: int(value) for name, value in words.items()}
    print("# seed", words["seed"], flush=True)
    del sys.argv[1:]

    def of_all_tasks():
        work(words)

    tap.run([of_all_tasks])


if __name__ == "__main__":
    main()
