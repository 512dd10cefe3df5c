"""Two hosts on a PostgreSQL pair: `make failovers ROUNDS=50 SEED=1`, or this program with such words.

Each round kills the primary while two hosts serve clients, promotes the standby, measures how soon
both hosts carry out changes again, and gives the new primary a standby. Between the rounds hosts and
their processes are killed. Clients create and change tasks of all dialects (load.py), workers of another
tenant claim tasks on both hosts (claim_racers.py), and readers follow the feed, each by one host.

At the end nothing that was acknowledged may be lost, and nothing doubled: creations with an unknown
outcome are repeated with their keys; each task has the one result that was accepted; each reader
has each event once, in order.

    rounds=N    default 50
    workers=N   default 12
    seed=S      default random; printed
"""
import http.client
import json
import os
import random
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
os.environ.setdefault("POLYTASK_TEST_SECONDS", "0")
import postgresql
import tap
from claim_racers import Journal, Racer
from fastcgi_client import Connection
from feed import Changer, check, is_quiet
from feed_copy import Copy, all_events, all_tasks
from lib import RIGHTS, Instance
from load import TASKS, Load
from model import DEMO, QUOTA_TASKS, compare
from postgresql_pair import Pair
from recording import NEVER
from runs import read_words
from tap import equal, note, ok, skip, until

BACK_SECONDS = 5.0  # until both hosts carry out changes, from the promotion
# What a host logs when it, its processes or the server have died.
EXPECTED = {
    "exit",
    "keeper",
    "notifier",
    "notifier-role",
    "operator",
    "quota",  # of the tenant that uses up its own
    "recover",
    "round-lost",
    "store-away",
    "stuck",
    "worker",
}
UNANSWERED = (OSError, http.client.HTTPException, ValueError, KeyError, RuntimeError)


class Hosts:
    """Two services with one store, and their clients."""

    def __init__(self, pair, words):
        conf = {"store": pair.url, "tenant_tasks": str(QUOTA_TASKS)}
        self.all = [Instance(conf=conf, expect=EXPECTED, autostart=False) for _ in range(2)]
        first, second = self.all
        first.ctl("store", "init")
        # The workers' tasks are those of another tenant than the clients', who know the states of theirs.
        first.ctl("user", "add", "tester", "--tenant", "work", "--rights", RIGHTS)
        first.token = second.token = first.add_token("tester", "tests")
        second.secrets.append(first.token)
        for tenant in (DEMO, "work"):
            first.ctl("quota", "set", tenant, "--tasks", "none")
        for host in self.all:
            host.start()
            host.wait_serving()
        self.draw = random.Random(words["seed"])
        self.journal, self.ended = Journal(), threading.Event()
        self.racers = [
            Racer(self.all[i % 2], self.journal, i, self.ended.is_set) for i in range(words["workers"])
        ]
        self.changers = [Changer(self.all[i % 2], i, self.ended.is_set) for i in range(4)]
        self.copies = [Copy(host, f"host-{i}", "pages", seed=i) for i, host in enumerate(self.all)]
        self.load = Load(self.connect, time.monotonic_ns, words["seed"], clients=8, pause=0.01)

    def connect(self, tenant=DEMO, seconds=20):
        """To one of both, past nginx: a client that a balancer sends somewhere else each time."""
        host = random.choice(self.all)
        return Connection(random.choice((host.socket, host.socket + ".read")), seconds, tenant)

    def end(self):
        """All but the readers."""
        self.ended.set()
        for thread in (*self.racers, *self.changers):
            thread.join(60)

    def export(self):
        lines = [json.loads(line) for line in self.all[0].ctl("export").splitlines()]
        if "end" not in lines[-1] or lines[-1]["tasks"] != len(lines) - 2:
            raise RuntimeError("export without its last line")
        return lines[1:-1]

    def kill_one(self):
        """A host or one of its processes; what was killed, None if there was nothing."""
        host = self.draw.choice(self.all)
        if self.draw.random() < 0.3:
            host.kill_daemon()
            host.start_daemon()
            return "host"
        try:
            process = self.draw.choice([c for c in host.status()["processes"] if c["pid"]])
            os.kill(process["pid"], signal.SIGKILL)
        except (*UNANSWERED, IndexError):
            return None
        return process["process"].split()[0]

    def carry_out(self, host):
        """Whether the host makes a task."""
        try:
            answer = host.native("POST", "/tasks", {"kind": "probe"}, documented=False)
            return answer.status == 201
        except UNANSWERED:
            return False

    def is_quiet(self):
        try:
            return is_quiet(self.all[0])
        except UNANSWERED:
            return False


def fail_over(pair, hosts):
    """The seconds from the promotion until both hosts carry out changes."""
    pair.kill_primary()
    time.sleep(hosts.draw.uniform(0, 1.5))
    pair.promote()
    began = time.monotonic()
    for host in hosts.all:
        if not until(lambda: hosts.carry_out(host), 60, 0.02):
            raise RuntimeError(f"no change after the promotion: {host.log()[-3000:]}")
    seconds = time.monotonic() - began
    pair.replace()
    return seconds


def run_rounds(pair, hosts, rounds):
    times, counts = [], {}
    for number in range(rounds):
        for _ in range(hosts.draw.randrange(3)):
            time.sleep(hosts.draw.uniform(0.2, 1.0))
            name = hosts.kill_one()
            counts[name] = counts.get(name, 0) + 1
        for host in hosts.all:
            until(lambda: hosts.carry_out(host), 30, 0.05)
        time.sleep(hosts.draw.uniform(0, 1.0))
        times.append(fail_over(pair, hosts))
        print(f"# {number + 1}: back after {times[-1]:.2f} s; {hosts.load.statuses()}", flush=True)
    note(f"killed between the rounds: {counts}")
    return times


def repeat_unknown(hosts, tasks):
    """Repeats creations with an unknown outcome and a key, which makes it known."""
    problems, repeated = [], 0
    connection = hosts.connect()
    for task in tasks:
        if not task.key or task.tenant != DEMO or task.steps[0].outcome != "unknown" or len(task.steps) != 1:
            continue
        answer = connection.request("POST", TASKS, task.body, task.key_header())
        if answer.status != 201:
            problems.append(f"{task.name}: repeated with its key: {answer}")
            continue
        repeated += 1
        task.id = answer.json()["id"]
        task.steps[0].outcome, task.steps[0].answered = "ok", time.monotonic_ns()
    connection.close()
    note(f"{repeated} creations with an unknown outcome were repeated")
    return problems


def check_load(hosts, tasks):
    problems = hosts.load.problems() + repeat_unknown(hosts, tasks)
    rows = [row for row in hosts.export() if row["tenant"] != "work"]
    problems += compare(tasks, rows, NEVER, time.time())
    acknowledged = sum(step.outcome == "ok" for task in tasks for step in task.steps)
    unknown = sum(step.outcome == "unknown" for task in tasks for step in task.steps)
    note(f"{len(tasks)} tasks, {acknowledged} changes acknowledged, {unknown} unknown")
    ok(not problems, "nothing acknowledged is lost, nothing is doubled", "\n".join(problems[:20]))


def check_work(hosts, tasks):
    wrong = [
        f"{task}: accepted {results}, is {tasks.get(task, {}).get('result')}"
        for task, results in hosts.journal.accepted.items()
        if task in tasks and (len(results) > 1 or tasks[task]["result"] != results[0])
    ]
    # A task may have been removed meanwhile.
    removed = ("complete: <404", "a repeated result: 404")
    impossible = [text for text in hosts.journal.wrong if not text.startswith(removed)]
    ok(not impossible, "every answer of a claim was possible", impossible[:20])
    ok(not wrong, "each task has the one result that was accepted", "\n".join(wrong[:20]))
    note(f"{len(hosts.journal.accepted)} results accepted, {dict(hosts.journal.counts)}")


def fail_overs(words):
    why = postgresql.lack()
    if why:
        skip("failovers", why)
        return
    pair = Pair()
    hosts = Hosts(pair, words)
    for copy in hosts.copies:
        copy.start()
    ok(until(lambda: all(copy.has_begun() for copy in hosts.copies), 60), "the readers have begun")
    for thread in (*hosts.racers, *hosts.changers):
        thread.start()
    with hosts.load:
        times = run_rounds(pair, hosts, words["rounds"])
    hosts.end()
    for copy in hosts.copies:
        copy.rest()
    note(f"back after {min(times):.2f} to {max(times):.2f} s, median {sorted(times)[len(times) // 2]:.2f}")
    ok(max(times) < BACK_SECONDS, f"both hosts are back within {BACK_SECONDS:.0f} s", times)
    equal(len(times), words["rounds"], "failovers")
    check_load(hosts, hosts.load.tasks())
    ok(until(hosts.is_quiet, 90), "nothing happens any more")
    events, tasks = all_events(hosts.all[0]), all_tasks(hosts.all[1])
    check_work(hosts, tasks)
    note(f"{len(events)} events of {len(tasks)} tasks")
    for copy in hosts.copies:
        until(lambda: copy.has_read(events[-1]["id"]), 60)
        copy.end_reader()
        check(hosts.all[0], copy, events, tasks)
    hosts.all[0].verify("failovers")
    for number, host in enumerate(hosts.all):
        host.stop(f"host {number}")


def main(**defaults):
    defaults = {"rounds": 50, "workers": 12, "seed": random.randrange(1 << 32), **defaults}
    words = read_words(sys.argv[1:], **defaults)
    words = {name: int(value) for name, value in words.items()}
    print("# seed", words["seed"], flush=True)
    del sys.argv[1:]

    def two_hosts():
        fail_overs(words)

    tap.run([two_hosts])


if __name__ == "__main__":
    main()
