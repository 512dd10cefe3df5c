"""Two homes that are configured with one folder of regions: the second one is refused, the first loses nothing."""
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from lib import POLYTASKD
from processes import child_pids, make_directory
from runs import start_or_fail
from service import MEMORY, Service
from tap import equal, ok, run, until

TASKS = 200
RENEWED = 3.0  # seconds
VERBS = (
    ("user", "list"),
    ("verify",),
    ("export",),
    ("load-sample", "10", "--tenant", "demo"),
    ("migrate",),
    ("repair", "--yes"),
    ("reindex",),
)


def new_service(name, conf=None):
    return Service(make_directory(f"polytask-{name}-", MEMORY), conf=conf)


def regions_of(service):
    return os.path.join(service.run, "regions")


def make_pair(name):
    """A running service, and a stopped one with a store of its own and the regions of the first."""
    first = new_service(name)
    second = new_service(name + "-2", {"regions": regions_of(first)})
    for service in (second, first):
        start_or_fail(service)
        service.ctl("load-sample", str(TASKS), "--tenant", "demo")
        if service == second:
            equal(service.stop(), 0, f"{name}: the second one has stopped")
    return first, second


def sentence(first, path=None):
    return (
        f"process {first.daemon.pid} is using {path or regions_of(first)} for another home:"
        " set regions to a folder of its own\n"
    )


def polytaskd(service, *options):
    return subprocess.run(
        [POLYTASKD, "-c", service.conf_path, *options], capture_output=True, text=True, timeout=20
    )


def state_of(folder):
    """The targets of its links, and the inodes of its files."""
    links = {name: os.readlink(os.path.join(folder, name)) for name in ("data", "log")}
    inodes = {entry.name: entry.inode() for entry in os.scandir(folder)}
    return links, inodes


def check_start(first, second, name, *options, path=None):
    done = polytaskd(second, *options)
    equal(done.returncode, 1, f"{name}: polytaskd ends")
    equal(done.stderr, "polytaskd: " + sentence(first, path), f"{name}: with one sentence")


class Writer(threading.Thread):
    """Adds tasks until it is ended."""

    def __init__(self, service):
        super().__init__()
        self.service, self.ended, self.count, self.failed = service, threading.Event(), 0, []

    def run(self):
        while not self.ended.wait(0.02):
            done = self.service.ctl("load-sample", "10", "--tenant", "demo")
            self.count += 10
            if done.returncode != 0:
                self.failed.append(done.stderr)

    def end(self):
        self.ended.set()
        self.join()


def check_first(first, writer):
    writer.end()
    equal(writer.failed, [], "the first service answers all the time")
    equal(len(first.export()), TASKS + writer.count, "and has all tasks")
    equal(first.verify_problems(), [], "and its index is complete")
    ok("recover" not in first.log(), "and it did not recover", first.log()[-1000:])


def second_is_refused():
    first, second = make_pair("shared")
    link = os.path.join(second.run, "link")
    os.symlink(regions_of(first), link)
    before = state_of(regions_of(first))
    writer = Writer(first)
    writer.start()
    check_start(first, second, "the same path")
    check_start(first, second, "a symbolic link", "-o", f"regions={link}", path=link)
    relative = os.path.relpath(regions_of(first))
    check_start(first, second, "a relative path", "-o", f"regions={relative}", path=relative)
    backup = ("backup", os.path.join(second.run, "backup"))
    for words in VERBS + (backup,):
        done = second.ctl(*words)
        equal(
            (done.returncode, done.stdout, done.stderr),
            (6, "", "polytaskctl: " + sentence(first)),
            f"polytaskctl {words[0]} is refused",
        )
    equal(state_of(regions_of(first)), before, "nothing was changed in the folder")
    check_first(first, writer)
    equal(first.stop(), 0, "the first one stops")
    start_or_fail(second)
    equal(len(second.export()), TASKS, "then the second one starts, with its tasks")
    second.stop()


def copy_is_refused():
    """A copy of a home, started with the configuration of the original except the home."""
    first = new_service("copied")
    start_or_fail(first)
    copied = os.path.join(first.top, "copy")
    shutil.copytree(first.home, copied)
    check_start(first, first, "a copy of the home", "-o", f"home={copied}")
    equal(first.ctl("verify").returncode, 0, "the original runs on")
    first.stop()


def homes_may_not_be_regions():
    """The home and the regions of a running service under the other's names."""
    first = new_service("swapped")
    start_or_fail(first)
    other = new_service("swapped-2", {"regions": first.home})
    check_start(first, other, "the home as regions", path=first.home)
    done = polytaskd(other, "-o", f"home={regions_of(first)}")
    equal(
        (done.returncode, done.stderr),
        (1, f"polytaskd: process {first.daemon.pid} is using {regions_of(first)}\n"),
        "the regions as a home",
    )
    equal(first.ctl("verify").returncode, 0, "the service runs on")
    first.stop()


def killed_user_does_not_matter():
    first, second = make_pair("killed")
    first.kill()
    start_or_fail(second)
    equal(len(second.export()), TASKS, "after a kill of the first one, the second one starts")
    done = polytaskd(first)
    equal(done.stderr, "polytaskd: " + sentence(second, regions_of(first)), "now the first is refused")
    second.kill()
    start_or_fail(first)
    equal(len(first.export()), TASKS, "and starts after a kill of the second one")
    first.stop()


def orphan_of_a_backup_does_not_matter():
    """polytaskctl backup without the service, killed while its child process has both locks."""
    service = new_service("orphan")
    start_or_fail(service)
    equal(service.ctl("load-sample", str(TASKS), "--tenant", "demo").returncode, 0, "there are tasks")
    equal(service.stop(), 0, "the service has stopped")
    backup = subprocess.Popen(service.ctl_words("backup", os.path.join(service.run, "backup")))
    children = until(lambda: child_pids(backup.pid), 10, 0.002)
    ok(children, "the backup has begun")
    # The child registers itself first, and then recovers the store.
    time.sleep(0.02)
    for pid in children:
        os.kill(pid, signal.SIGSTOP)
    backup.kill()
    equal(backup.wait(), -signal.SIGKILL, "the backup was killed")
    start_or_fail(service)
    ok("an orphan that held" in service.log(), "its child was killed, too", service.log()[-1000:])
    equal(len(service.export()), TASKS, "and the service starts, with its tasks")
    service.stop()


def lock_is_taken_again():
    first, second = make_pair("removed")
    lock = os.path.join(regions_of(first), "lock")
    # As an earlier build, which has no lock there: the supervisor does not make it again.
    first.daemon.send_signal(signal.SIGSTOP)
    os.unlink(lock)
    check_start(first, second, "without the file of the lock")
    ok(not os.path.exists(lock), "it makes no lock")
    first.daemon.send_signal(signal.SIGCONT)
    ok(until(lambda: os.path.exists(lock), RENEWED), "the file of the lock is made again")
    ok("recover" not in first.log(), "without a recovery", first.log()[-1000:])
    shutil.rmtree(regions_of(first))
    ok(until(lambda: os.path.exists(lock), RENEWED), "it is made again with the folder")
    check_start(first, second, "after the folder was removed")
    ok(
        until(lambda: first.ctl("load-sample", "1", "--tenant", "demo").returncode == 0, 10),
        "the first one serves",
    )
    equal(len(first.export()), TASKS + 1, "and has lost nothing")
    first.stop()


def taken_folder_ends_the_service():
    first, second = make_pair("taken")
    first.daemon.send_signal(signal.SIGSTOP)
    shutil.rmtree(regions_of(first))
    start_or_fail(second)
    first.daemon.send_signal(signal.SIGCONT)
    equal(first.daemon.wait(20), 65, "a service whose folder was taken ends")
    text = sentence(second, regions_of(first)).rstrip("\n")
    ok(f"{text}. Then start the service again." in first.log(), "with that sentence", first.log()[-1000:])
    equal(len(second.export()), TASKS, "the other one has its tasks")
    equal(second.verify_problems(), [], "and its index is complete")
    second.stop()
    start_or_fail(first)
    equal(len(first.export()), TASKS, "the first one has its tasks, too")
    first.stop()


run(
    (
        second_is_refused,
        copy_is_refused,
        homes_may_not_be_regions,
        killed_user_does_not_matter,
        orphan_of_a_backup_does_not_matter,
        lock_is_taken_again,
        taken_folder_ends_the_service,
    )
)
