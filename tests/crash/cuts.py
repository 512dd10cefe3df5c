"""Simulated power cuts: `make cuts ROUNDS=N SEED=S`, or this program with rounds=N seed=S.

A service under load is recorded (recorder.c). Then, again and again: a moment of the recording is
drawn, the disk is built as it could be after a power cut at that moment (disk.py, choices.py), the
real polytaskd recovers it, and its tasks are compared with the answers that the clients had by then,
the logs of the archive with those that were written. Some tasks are removed by retention during the
load; the service that recovers has no retention.
A third of the recoveries is recorded too and cut once more. In some rounds the file of the index is
removed after the first cut, so that recovery builds it again.

    rounds=N      default 100
    seed=S        default random; printed
    round=N       this round only
    recording=D   of a directory that a failed run has kept, instead of a new one: repeats its rounds
    torn=SHARE    of the rounds in which pieces of data files are torn at 512 bytes, default 0.2
    images=0      negative control: no image has the doublewrite file. Torn pages must be noticed
    posix=1       no order of names (disk.py)
    seconds=S     of load in each recording, default 4
    lie=N         negative control: the syncs of the last N operations are lies. Acknowledged tasks
                  must be lost
    keep=0        keep no images of failed rounds
    enough=N      end after N rounds with problems, default 0: never

The last line has the figures; the exit status is 1 if anything was lost, doubled or damaged.
"""
import os
import random
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from archive import Logs, archive_problems
from choices import Choice
from disk import Disk
from figures import Figures
from load import TASKS
from model import DEMO, compare, state_of
from recorded import RECORD_SECONDS, Recorded, work_directory
from recording import Counter, Recording
from runs import read_words, start_service
from service import Service

ROUNDS_PER_RECORDING = 100
SECOND_CUT_SHARE = 1 / 3
LOST_INDEX_SHARE = 0.15
INDEX_REMOVED = "index removed"
REPEATED_MAX = 8  # creations repeated with their keys in each round


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
        self.first_answer = 0.0  # seconds

    def draw(self, recorded):
        self.recorded = recorded
        self.cut = draw_moment(self.rng, recorded.turns, recorded.last)

    def choose(self):
        choice = Choice(self.rng, self.rng.random() < self.options.torn)
        self.choices.append(choice)
        return choice

    def kinds(self):
        """What the round was, for the figures."""
        first, *others = self.choices
        torn = any(getattr(choice, "torn", False) for choice in self.choices)
        return (
            [first.policy]
            + ["torn at 512"] * torn
            + ["index removed"] * (INDEX_REMOVED in others)
            + ["second cut"] * any(isinstance(choice, Choice) for choice in others)
        )

    def run(self, disk):
        """Returns the problems; the images stay in self.work."""
        self.work, self.service = work_directory(), None
        disk.advance(self.cut - self.options.lie)
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
        self.build(disk, top)
        written = self.recorded.logs.contents
        self.lose_index(os.path.join(top, "home", "data", "index.db"))
        shown = None
        if self.rng.random() < SECOND_CUT_SHARE:
            top, shown, written, problems = self.cut_recovery(top)
            if problems:
                return problems
        self.service = Service(top)
        return archive_problems(self.service.home, written) + self.check(self.service, shown)

    def build(self, disk, top):
        home = os.path.join(top, "home")
        disk.build(home, self.choose())
        doublewrite = os.path.join(home, "data", "doublewrite")
        if not self.options.images and os.path.exists(doublewrite):
            os.unlink(doublewrite)

    def lose_index(self, path):
        if self.rng.random() < LOST_INDEX_SHARE and os.path.exists(path):
            os.unlink(path)
            self.choices.append(INDEX_REMOVED)

    def cut_recovery(self, first):
        """Records a recovery and cuts it.

        Returns the image, the rows that were shown by then, the logs as written, and problems.
        """
        records = os.path.join(self.work, "records")
        counter = Counter(records)
        logs = Logs(os.path.join(first, "home", "log"), self.recorded.logs.contents)
        service = self.service = Service(first, records)
        disk = Disk(service.home, os.path.join(self.work, "disk"), self.options.posix)
        if not start_service(service):
            return None, None, None, no_recovery(service)
        rows = service.export()
        shown_at = counter.now()
        service.kill()
        recording = Recording(records, service.home)
        cut = draw_moment(self.rng, recording.turns(), recording.last())
        disk.follow(recording)
        disk.advance(cut)
        second = os.path.join(self.work, "second")
        os.mkdir(second)
        self.build(disk, second)
        disk.clear()
        logs.follow(recording)
        return second, rows if shown_at <= cut else None, logs.contents, []

    def check(self, service, shown):
        begun = time.monotonic()
        connection = start_service(service)
        self.first_answer = time.monotonic() - begun
        if not connection:
            return no_recovery(service)
        problems = []
        if shown is not None:
            problems += compare_rows(shown, service.export())
        settled = self.repeat(connection, problems)
        connection.close()
        rows = service.export()
        cut_at = self.recorded.time_of(self.cut)
        problems += compare(self.recorded.tasks, rows, self.cut, cut_at, settled)
        problems += service.usage_problems(rows) + service.verify_problems()
        if service.stop() != 0:
            problems.append(f"no orderly end: {service.log()[-2000:]}")
        return problems + archive_problems(service.home)

    def repeat(self, connection, problems):
        """Repeats creations with their keys, those with an unknown outcome first."""
        keyed = [
            task
            for task in self.recorded.tasks
            if task.key and task.tenant == DEMO and task.steps[0].begin < self.cut
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
            images="1",
            enough="0",
        )
        self.rounds, self.round = int(given["rounds"]), int(given["round"])
        self.enough, self.lie = int(given["enough"]), int(given["lie"])
        self.seed, self.recording = given["seed"], given["recording"]
        self.torn, self.seconds = float(given["torn"]), float(given["seconds"])
        self.keep, self.images = given["keep"] == "1", given["images"] == "1"
        self.posix = given["posix"] == "1"


class Run:
    """Rounds over one or more recordings; failures: (round, problems)."""

    def __init__(self, options, report):
        self.options, self.report = options, report
        self.failures, self.done, self.figures = [], 0, Figures()

    def batch(self, numbers):
        work = self.options.recording or work_directory()
        recorded = Recorded(work)
        if not self.options.recording:
            recorded.make(f"{self.options.seed}-{numbers[0]}", self.options.seconds)
        recorded.load()
        self.report(recorded.summary())
        self.figures.count_tasks(recorded.tasks)
        failed = len(self.failures)
        if recorded.problems:
            self.failures.append((0, recorded.problems))
            self.figures.count_problems(recorded.problems)
            self.report(f"in the recording: {recorded.problems[:5]}")
        rounds = [Round(self.options, number) for number in numbers]
        for each in rounds:
            each.draw(recorded)
        contents = work_directory()
        disk = Disk(recorded.base, os.path.join(contents, "files"), self.options.posix)
        disk.follow(recorded.recording)
        for each in sorted(rounds, key=lambda each: each.cut):
            if self.is_enough():
                break
            problems = each.run(disk)
            self.done += 1
            self.figures.kinds.update(each.kinds())
            self.figures.count_problems(problems)
            self.figures.slowest = max(self.figures.slowest, each.first_answer)
            if problems:
                self.failures.append((each.number, problems))
                kept = f"; images in {each.work}, recording in {work}" if self.options.keep else ""
                self.report(
                    f"round {each.number}, cut {each.cut} of {recorded.last}, {each.choices}: "
                    f"{len(problems)} problems{kept}"
                )
                for line in "\n".join(problems[:5]).splitlines():
                    self.report("    " + line)
            if not problems or not self.options.keep:
                shutil.rmtree(each.work)
        shutil.rmtree(contents)
        kept = self.options.recording or self.options.keep and len(self.failures) > failed
        if not kept:
            shutil.rmtree(work)

    def is_enough(self):
        return self.options.enough and len(self.failures) >= self.options.enough

    def run(self):
        numbers = [self.options.round] if self.options.round else range(1, self.options.rounds + 1)
        for at in range(0, len(numbers), ROUNDS_PER_RECORDING):
            if not self.is_enough():
                self.batch(numbers[at : at + ROUNDS_PER_RECORDING])


def main():
    options = Options(sys.argv[1:])
    print(f"seed={options.seed}", flush=True)
    begun = time.monotonic()
    run = Run(options, lambda text: print(text, flush=True))
    run.run()
    seconds = time.monotonic() - begun
    print(f"{seconds:.0f} s, {len(run.failures)} rounds with problems, seed={options.seed}")
    print(run.figures.line(f"{run.done} cuts"))
    sys.exit(1 if run.failures else 0)


if __name__ == "__main__":
    main()
