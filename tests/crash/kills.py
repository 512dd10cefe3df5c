"""Kills and stops at random: `make kills ROUNDS=N SEED=S`, or this program with rounds=N seed=S.

polytaskd serves clients (load.py) while its processes are killed with SIGKILL or stopped with
SIGSTOP, one or all, also while it recovers and while a command of the operator runs. After every
20 kills the clients stop, creations with an unknown outcome are repeated with their keys, and the
store is compared with all answers so far: first at once, then when retention has removed all tasks
that are due. Every fifth time the service gets a new home.

    rounds=N    kills, default 100
    seed=S      default random; printed. Kills fall on other moments in each run

The last line has the figures; the exit status is 1 if anything was lost, doubled or damaged, or if
the service did not answer for 30 s. The home of a failed batch is kept.
"""
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from figures import Figures
from load import TASKS, Load
from model import DEMO, LOAD_CONF, QUOTA_COMMAND, compare, is_due
from processes import child_pids, kill
from recording import NEVER
from runs import read_words, start_or_fail
from service import MEMORY, Service
from tap import until

KILLS_PER_CHECK = 20
CHECKS_PER_HOME = 5
ANSWER_SECONDS = 30
COMMAND_SECONDS = 300  # of a command, whose index of 100,000 tasks is built beside the load
REMOVAL_SECONDS = 30  # until retention has removed what is due
PAUSE_MAX = 0.4  # seconds between an answer and the next kill
UNSERVED_SHARE = 0.2  # of the kills do not wait for an answer after the last one
COMMANDS = (("checkpoint",), ("verify",), ("export",), ("reindex",), ("backup", "BACKUP"))


class Reader(threading.Thread):
    """Lists tasks: what was shown must be on the disk."""

    def __init__(self, connect):
        super().__init__(daemon=True)
        self.connect, self.stopping, self.seen = connect, threading.Event(), set()

    def run(self):
        connection = None
        while not self.stopping.is_set():
            try:
                connection = connection or self.connect()
                answer = connection.request("GET", TASKS + "?sort=-created&limit=50")
                if answer.status == 200:
                    self.seen |= {task["fields"].get("name") for task in answer.json()["items"]}
            except (OSError, ValueError):
                connection = None
            time.sleep(0.05)


class Batch:
    """Some kills of one service under load, then a check."""

    def __init__(self, service, rng, number):
        self.service, self.rng, self.number = service, rng, number
        self.load = None
        self.kills, self.slowest, self.counts = 0, 0.0, {}
        self.problems = []

    def count(self, what, times=1):
        self.kills += times
        self.counts[what] = self.counts.get(what, 0) + times

    # -- victims --

    def children(self, *names):
        """Pids of the children with these roles, or all; the supervisor's name is in /proc."""
        found = []
        for pid in child_pids(self.service.daemon.pid):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    title = file.read().decode().strip("\0")
            except OSError:
                continue
            if not names or any(name in title for name in names):
                found.append(pid)
        return found

    def signal_one(self, number, what, *names):
        victims = self.children(*names)
        if victims:
            self.count(what, kill(self.rng.choice(victims), number))

    def kill_worker(self):
        self.signal_one(signal.SIGKILL, "worker", "writer", "reader")

    def kill_workers(self):
        for pid in self.children("writer", "reader"):
            self.count("worker", kill(pid, signal.SIGKILL))

    def kill_keeper(self):
        self.signal_one(signal.SIGKILL, "keeper", "keeper")

    def stop_child(self):
        self.signal_one(signal.SIGSTOP, "stopped", "writer", "reader", "keeper")

    def kill_supervisor(self):
        self.service.daemon.kill()
        self.service.daemon.wait()
        self.count("supervisor")
        self.service.start()

    def kill_all(self):
        self.service.kill()
        self.count("all")
        self.service.start()

    def kill_recovery(self):
        """Everything is killed, and then everything again while the store is recovered."""
        self.kill_all()
        time.sleep(self.rng.uniform(0, 0.15))
        if self.rng.random() < 0.5:
            self.signal_one(self.rng.choice((signal.SIGKILL, signal.SIGSTOP)), "recovery", "recover")
        else:
            self.kill_all()

    def kill_command(self):
        """The operator's process is killed, or something else while it works. Returns when it has ended."""
        words = [
            os.path.join(self.service.run, "backup") if word == "BACKUP" else word
            for word in self.rng.choice(COMMANDS)
        ]
        shutil.rmtree(os.path.join(self.service.run, "backup"), ignore_errors=True)
        with open(os.devnull, "w") as null:
            command = subprocess.Popen(self.service.ctl_words(*words), stdout=null, stderr=null)
        time.sleep(self.rng.uniform(0, 0.1))
        if self.rng.random() < 0.5:
            self.signal_one(signal.SIGKILL, "operator", "operator")
        else:
            self.kill_worker()
        self.await_answer(time.monotonic_ns())
        try:
            command.wait(COMMAND_SECONDS)
        except subprocess.TimeoutExpired:
            self.problems.append(f"{words}: did not end")
            command.kill()
        return time.monotonic_ns()

    # -- the run --

    def run(self):
        actions = (
            (30, self.kill_worker),
            (15, self.kill_workers),
            (10, self.kill_keeper),
            (6, self.stop_child),
            (8, self.kill_supervisor),
            (10, self.kill_all),
            (10, self.kill_recovery),
            (11, self.kill_command),
        )
        self.load = Load(self.service.connect, time.monotonic_ns, self.rng.random(), prefix=f"b{self.number}-")
        reader = Reader(self.service.connect)
        reader.start()
        with self.load:
            while self.kills < KILLS_PER_CHECK and not self.problems:
                _, action = self.rng.choices(actions, [weight for weight, _ in actions])[0]
                begun = time.monotonic_ns()
                begun = action() or begun
                if self.rng.random() < UNSERVED_SHARE:
                    time.sleep(self.rng.uniform(0, 0.2))
                    continue
                if not self.await_answer(begun):
                    break
                time.sleep(self.rng.uniform(0, PAUSE_MAX))
            self.await_answer(time.monotonic_ns())
        reader.stopping.set()
        reader.join()
        return self.load, reader.seen

    def await_answer(self, begun):
        """Waits for an acknowledged change that was requested after a moment."""

        def answered():
            self.service.start_again()
            return self.load.last_ok() > begun

        if not until(answered, ANSWER_SECONDS, 0.005):
            self.problems.append(f"no answer for {ANSWER_SECONDS} s: {self.service.log()[-3000:]}")
            return False
        self.slowest = max(self.slowest, (time.monotonic_ns() - begun) / 1e9)
        return True


def repeat_unknown(service, tasks):
    """Repeats creations with an unknown outcome and a key, which makes it known."""
    connection = service.connect()
    problems = []
    for task in tasks:
        # Of another tenant, the repeated creation may exceed the quota.
        if not task.key or task.tenant != DEMO:
            continue
        if len(task.steps) != 1 or task.steps[0].outcome != "unknown":
            continue
        answer = connection.request("POST", TASKS, task.body, task.key_header())
        if answer.status != 201:
            problems.append(f"{task.name}: repeated with its key: {answer}")
            continue
        task.id = answer.json()["id"]
        task.steps[0].outcome, task.steps[0].answered = "ok", time.monotonic_ns()
    connection.close()
    return problems


def check_rows(tasks, rows, now, seen):
    problems = compare(tasks, rows, NEVER, now)
    names = {row["fields"].get("name") for row in rows}
    removed = {
        task.name
        for task in tasks
        if any(step.state is None for step in task.steps) or task.may_be_removed(NEVER, now)
    }
    return problems + [f"shown, then lost: {name}" for name in seen - names - removed]


def check(service, tasks, seen):
    """Leaves the service without tasks that retention will remove soon."""
    problems = repeat_unknown(service, tasks)
    problems += check_rows(tasks, service.export(), time.time(), seen)
    rows = until(lambda: rows_without_due(service), REMOVAL_SECONDS, 0.2)
    if not rows:
        return problems + [f"retention: due tasks are there after {REMOVAL_SECONDS} s"]
    problems += check_rows(tasks, rows, time.time(), seen)
    return problems + service.usage_problems(rows) + service.verify_problems()


def rows_without_due(service):
    """The exported tasks, or None while retention has to remove one."""
    rows = service.export()
    return None if any(is_due(row, float("inf")) for row in rows) else rows


class Run:
    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.kills, self.checks, self.failures, self.figures = 0, 0, 0, Figures()
        self.service = None

    def new_home(self):
        self.end_home()
        self.service = Service(tempfile.mkdtemp(prefix="polytask-kills-", dir=MEMORY), conf=LOAD_CONF)
        self.tasks, self.seen = [], set()
        start_or_fail(self.service)
        self.service.ctl(*QUOTA_COMMAND)

    def end_home(self, keep=False):
        if not self.service:
            return
        if not keep and self.service.stop() != 0:
            self.report("no orderly end", [self.service.log()[-2000:]])
        elif keep:
            self.service.kill()
        if not keep:
            shutil.rmtree(self.service.top)
        self.service = None

    def report(self, what, problems):
        self.failures += 1
        self.figures.count_problems(problems)
        print(f"{what}: {len(problems)} problems; {self.service.top}", flush=True)
        for line in "\n".join(problems[:10]).splitlines():
            print("    " + line, flush=True)

    def batch(self):
        batch = Batch(self.service, self.rng, self.checks)
        load, seen = batch.run()
        self.tasks += load.tasks()
        self.seen |= seen
        self.kills += batch.kills
        self.checks += 1
        self.figures.slowest = max(self.figures.slowest, batch.slowest)
        self.figures.kinds.update(batch.counts)
        self.figures.count_tasks(load.tasks())
        problems = batch.problems + load.problems()
        if not batch.problems:
            problems += check(self.service, self.tasks, self.seen)
        print(f"{self.kills} kills, {len(self.tasks)} tasks, answers {load.statuses()}", flush=True)
        if problems:
            self.report(f"check {self.checks}", problems)
            self.end_home(keep=True)

    def run(self, rounds):
        while self.kills < rounds:
            if not self.service or self.checks % CHECKS_PER_HOME == 0:
                self.new_home()
            self.batch()
        self.end_home()


def main():
    words = read_words(sys.argv[1:], rounds="100", seed=str(random.SystemRandom().randrange(1 << 32)))
    print(f"seed={words['seed']}", flush=True)
    begun = time.monotonic()
    run = Run(words["seed"])
    run.run(int(words["rounds"]))
    seconds = time.monotonic() - begun
    print(f"{run.checks} checks in {seconds:.0f} s, {run.failures} with problems, seed={words['seed']}")
    print(run.figures.line(f"{run.kills} kills"))
    sys.exit(1 if run.failures else 0)


if __name__ == "__main__":
    main()
