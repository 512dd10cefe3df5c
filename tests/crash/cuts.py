"""Simulated power cuts: `make cuts ROUNDS=N SEED=S`, or this program with rounds=N seed=S.

A service under load is recorded (recorder.c). Then, again and again: a moment of the recording is
drawn, the disk is built as it could be after a power cut at that moment (disk.py, choices.py), the
real polytaskd recovers it, and its tasks are compared with the answers that the clients had by then.
A third of the recoveries is recorded too and cut once more. In some rounds the file of the index is
removed after the first cut, so that recovery builds it again.

    rounds=N      default 100
    seed=S        default random; printed
    round=N       this round only
    recording=D   of a directory that a failed run has kept, instead of a new one: repeats its rounds
    torn=SHARE    of the rounds in which pieces of data files are torn at 512 bytes, default 0.2
    posix=1       no order of names (disk.py)
    seconds=S     of load in each recording, default 4
    lie=1         negative control: syncs of the log are lies. Acknowledged tasks must be lost
    keep=0        keep no images of failed rounds

The last line has the sums; the exit status is 1 if anything was lost, doubled or damaged.
"""
import os
import pickle
import random
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from choices import Choice
from disk import Disk
from load import TASKS, Load, compare, state_of
from recording import Counter, Recording
from runs import read_words, start_service
from service import Service

ROUNDS_PER_RECORDING = 100
RECORD_SECONDS = 4
CHECKPOINT_PAUSE = 0.5
SMALL_LOGS_SHARE = 0.8  # of the recordings
SECOND_CUT_SHARE = 1 / 3
LOST_INDEX_SHARE = 0.15
REPEATED_MAX = 8  # creations repeated with their keys in each round


def work_directory():
    parent = "/dev/shm" if os.path.isdir("/dev/shm") else None
    return tempfile.mkdtemp(prefix="polytask-cuts-", dir=parent)


class Recorded:
    """A recording with what its clients know; load() and save() keep it in a directory."""

    def __init__(self, work):
        self.work = work
        self.base, self.records = os.path.join(work, "base"), os.path.join(work, "records")

    def make(self, seed, seconds):
        counter = Counter(self.records)
        small_logs = random.Random(seed).random() < SMALL_LOGS_SHARE
        service = Service(os.path.join(self.work, "recorded"), self.records, small_logs=small_logs)
        shutil.copytree(service.home, self.base)
        if not start_service(service):
            raise RuntimeError(f"no start: {service.log()[-3000:]}")
        with Load(service.connect, counter.now, seed) as load:
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                time.sleep(CHECKPOINT_PAUSE)
                service.ctl("checkpoint")  # which archives and removes finished logs
        if service.stop() != 0:
            raise RuntimeError(f"no orderly end: {service.log()[-3000:]}")
        self.known = {
            "root": os.path.realpath(service.home),
            "tasks": load.tasks(),
            "statuses": load.statuses(),
            "problems": load.problems(),
        }
        shutil.rmtree(service.top)
        with open(os.path.join(self.work, "known"), "wb") as out:
            pickle.dump(self.known, out)

    def load(self):
        with open(os.path.join(self.work, "known"), "rb") as file:
            self.known = pickle.load(file)
        self.tasks, self.problems = self.known["tasks"], self.known["problems"]
        self.recording = Recording(self.records, self.known["root"])
        self.turns = self.recording.turns()
        self.last = self.recording.last()

    def logs_removed(self):
        names = [each.path for each in self.recording.operations if each.kind == "unlink"]
        return len([name for name in names if name.startswith("log/")])

    def summary(self):
        return (
            f"{len(self.recording.operations)} operations, {self.logs_removed()} logs removed, "
            f"{len(self.tasks)} tasks, "
            f"answers {self.known['statuses']}"
        )


def draw_moment(rng, turns, last):
    """Half of the moments are beside an operation that does not write the log."""
    if turns and rng.random() < 0.5:
        return max(1, rng.choice(turns) + rng.randint(-2, 3))
    return rng.randrange(1, last + 1)


class Round:
    """One power cut, and perhaps a second one during the recovery from it."""

    def __init__(self, options, number):
        self.options, self.number = options, number
        self.rng = random.Random(f"{options.seed}-{number}")
        self.choices = []

    def draw(self, recorded):
        self.recorded = recorded
        self.cut = draw_moment(self.rng, recorded.turns, recorded.last)

    def choose(self):
        choice = Choice(self.rng, self.rng.random() < self.options.torn)
        self.choices.append(choice)
        return choice

    def run(self, disk):
        """Returns the problems; the images stay in self.work."""
        self.work, self.service = work_directory(), None
        disk.advance(self.cut)
        try:
            return self.cut_and_check(disk)
        except (OSError, RuntimeError, ValueError, subprocess.TimeoutExpired) as error:
            log = self.service.log()[-2000:] if self.service else ""
            return [f"the service failed in the check: {error!r} {log}"]
        finally:
            if self.service and self.service.daemon:
                self.service.kill()

    def cut_and_check(self, disk):
        top = os.path.join(self.work, "first")
        os.mkdir(top)
        disk.build(os.path.join(top, "home"), self.choose())
        self.lose_index(os.path.join(top, "home", "data", "index.db"))
        shown = None
        if self.rng.random() < SECOND_CUT_SHARE:
            top, shown, problems = self.cut_recovery(top)
            if problems:
                return problems
        self.service = Service(top)
        return self.check(self.service, shown)

    def lose_index(self, path):
        if self.rng.random() < LOST_INDEX_SHARE and os.path.exists(path):
            os.unlink(path)
            self.choices.append("index removed")

    def cut_recovery(self, first):
        """Records a recovery and cuts it; returns the image and the rows that were shown by then."""
        records = os.path.join(self.work, "records")
        counter = Counter(records)
        service = self.service = Service(first, records)
        disk = Disk(service.home, os.path.join(self.work, "disk"), **self.options.disk)
        if not start_service(service):
            return None, None, no_recovery(service)
        rows = service.export()
        shown_at = counter.now()
        service.kill()
        recording = Recording(records, service.home)
        cut = draw_moment(self.rng, recording.turns(), recording.last())
        disk.follow(recording)
        disk.advance(cut)
        second = os.path.join(self.work, "second")
        os.mkdir(second)
        disk.build(os.path.join(second, "home"), self.choose())
        disk.clear()
        return second, rows if shown_at <= cut else None, []

    def check(self, service, shown):
        connection = start_service(service)
        if not connection:
            return no_recovery(service)
        problems = []
        if shown is not None:
            problems += compare_rows(shown, service.export())
        settled = self.repeat(connection, problems)
        connection.close()
        problems += compare(self.recorded.tasks, service.export(), self.cut, settled)
        verified = service.ctl("verify")
        if verified.returncode != 0:
            problems.append(f"verify: {verified.stdout} {verified.stderr}")
        if service.stop() != 0:
            problems.append(f"no orderly end: {service.log()[-2000:]}")
        return problems

    def repeat(self, connection, problems):
        """Repeats creations with their keys, those with an unknown outcome first."""
        keyed = [
            task
            for task in self.recorded.tasks
            if task.key and task.steps[0].begin < self.cut
        ]
        # Only tasks whose creation is the only step by then: later steps may have removed it.
        keyed = [
            task for task in keyed if len(task.steps) == 1 or task.steps[1].begin >= self.cut
        ]
        keyed.sort(key=lambda task: (task.is_acknowledged(self.cut), -task.steps[0].begin))
        settled = {}
        for task in keyed[:REPEATED_MAX]:
            answer = connection.request("POST", TASKS, task.body, task.key_header())
            if answer.status != 201:
                problems.append(f"{task.name}: repeated with its key: {answer}")
                continue
            settled[task.name] = answer.json()["id"]
            if task.is_acknowledged(self.cut) and settled[task.name] != task.id:
                problems.append(f"{task.name}: repeated with its key: another id")
        return settled


def no_recovery(service):
    service.kill()
    return [f"no recovery: {service.log()[-2000:]}"]


def compare_rows(shown, rows):
    """Rows that were shown before the second cut must be the same after it."""
    before = {row["id"]: state_of(row) for row in shown}
    after = {row["id"]: state_of(row) for row in rows}
    return [
        f"shown, then different: {key}: {before.get(key)}, now {after.get(key)}"
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
    ]


class Options:
    def __init__(self, words):
        given = read_words(
            words,
            rounds="100",
            seed=str(random.SystemRandom().randrange(1 << 32)),
            round="0",
            recording="",
            torn="0.2",
            seconds=str(RECORD_SECONDS),
            posix="0",
            lie="0",
            keep="1",
        )
        self.rounds, self.round = int(given["rounds"]), int(given["round"])
        self.seed, self.recording = given["seed"], given["recording"]
        self.torn, self.seconds = float(given["torn"]), float(given["seconds"])
        self.keep = given["keep"] == "1"
        self.disk = {"posix": given["posix"] == "1"}
        if given["lie"] == "1":
            self.disk["ignored_sync"] = lambda path: path.startswith("log")


class Run:
    """Rounds over one or more recordings; failures: (round, problems)."""

    def __init__(self, options, report):
        self.options, self.report = options, report
        self.failures, self.done, self.kept = [], 0, []

    def batch(self, numbers):
        work = self.options.recording or work_directory()
        recorded = Recorded(work)
        if not self.options.recording:
            recorded.make(f"{self.options.seed}-{numbers[0]}", self.options.seconds)
        recorded.load()
        self.report(recorded.summary())
        failed = len(self.failures)
        if recorded.problems:
            self.failures.append((0, recorded.problems))
        rounds = [Round(self.options, number) for number in numbers]
        for each in rounds:
            each.draw(recorded)
        contents = work_directory()
        disk = Disk(recorded.base, os.path.join(contents, "files"), **self.options.disk)
        disk.follow(recorded.recording)
        for each in sorted(rounds, key=lambda each: each.cut):
            problems = each.run(disk)
            self.done += 1
            if problems:
                self.failures.append((each.number, problems))
                self.report(
                    f"round {each.number}, cut {each.cut} of {recorded.last}, {each.choices}: "
                    f"{len(problems)} problems; images in {each.work}, recording in {work}"
                )
                for line in "\n".join(problems[:5]).splitlines():
                    self.report("    " + line)
            if not problems or not self.options.keep:
                shutil.rmtree(each.work)
        shutil.rmtree(contents)
        kept = self.options.recording or self.options.keep and len(self.failures) > failed
        if not kept:
            shutil.rmtree(work)

    def run(self):
        numbers = [self.options.round] if self.options.round else range(1, self.options.rounds + 1)
        for at in range(0, len(numbers), ROUNDS_PER_RECORDING):
            self.batch(numbers[at : at + ROUNDS_PER_RECORDING])


def main():
    options = Options(sys.argv[1:])
    print(f"seed={options.seed}", flush=True)
    begun = time.monotonic()
    run = Run(options, lambda text: print(text, flush=True))
    run.run()
    seconds = time.monotonic() - begun
    print(
        f"{run.done} cuts in {seconds:.0f} s, {len(run.failures)} with problems; seed={options.seed}"
    )
    sys.exit(1 if run.failures else 0)


if __name__ == "__main__":
    main()
