"""A store that cannot be recovered ends the service with one sentence that holds cause and remedy."""
import os
import struct
import time

from lib import Instance, run_tests
from paths import BUILD
from tap import equal, note, ok

GIVEN_UP = 65
EXPECT = ("bdb", "exit", "page-damaged", "recover", "store-lost", "store-panic", "unrecoverable")


def overwrite(path):
    """Replaces the first 64 KiB by random bytes."""
    with open(path, "r+b") as file:
        file.write(os.urandom(min(os.path.getsize(path), 65536)))


def observe_end(instance, seconds):
    """Starts the daemon and asks for the status until it has ended; returns what status printed."""
    instance.start_daemon()
    deadline, seen = time.monotonic() + seconds, []
    while instance.daemon.poll() is None and time.monotonic() < deadline:
        seen.append(instance.ctl_run("status"))
    return seen


def give_up(name, damage, cause, remedy):
    instance = Instance(expect=EXPECT)
    for number in range(20):
        instance.create(description=f"task {number}")
    instance.kill_daemon()
    damage(instance.conf["home"])
    begun = time.monotonic()
    seen = observe_end(instance, 30)
    note(f"{name}: ended after {time.monotonic() - begun:.1f} s")
    equal(instance.daemon.poll(), GIVEN_UP, f"{name}: the service ends with status {GIVEN_UP}")
    lines = instance.events("unrecoverable")
    equal(len(lines), 1, f"{name}: one line in the log says why")
    text = lines[0]["text"] if lines else ""
    ok(cause in text and remedy in text, f"{name}: it holds cause and remedy", text)
    attempts = [done for done in seen if ", attempt " in done.stdout.split("\n")[0]]
    ok(
        any("ATTENTION: " in done.stdout and remedy in done.stdout for done in attempts),
        f"{name}: status shows the remedy",
        seen,
    )
    ok(
        attempts and all(done.returncode == 3 and cause in done.stdout for done in attempts),
        f"{name}: status shows attempt and cause, with status 3",
        seen,
    )
    instance.daemon = None
    instance.stop(name)


def damaged_file():
    give_up(
        "a damaged data file",
        lambda home: overwrite(os.path.join(home, "data", "users.db")),
        "users.db",
        "backup",
    )


def damaged_log():
    def damage(home):
        log = os.path.join(home, "log")
        for name in os.listdir(log):
            overwrite(os.path.join(log, name))

    give_up("a damaged log", damage, "log.", "backup")


def damaged_record():
    """libdb takes a damaged record for the end of the log, and would drop the changes behind it."""

    def damage(home):
        folder = os.path.join(home, "log")
        with open(os.path.join(folder, "synced"), "rb") as file:
            _, number, offset, _ = struct.unpack("4I", file.read())
        with open(os.path.join(folder, f"log.{number:010}"), "r+b") as log:
            log.seek(offset // 2)
            log.write(os.urandom(64))

    give_up("a damaged record of the newest log", damage, "the logs were on disk up to byte", "backup")


def empty_index():
    give_up(
        "an empty index",
        lambda home: os.truncate(os.path.join(home, "data", "index.db"), 0),
        "index.db",
        "Move data/index.db of the home away",
    )


def unit():
    """systemd does not restart the service after this status, and its socket does so for a while only."""
    with open(os.path.join(BUILD, "data", "polytaskd.service")) as unit_file:
        lines = unit_file.read().splitlines()
    ok(f"RestartPreventExitStatus={GIVEN_UP}" in lines, "the unit does not restart the service")
    ok(any(line.startswith("StartLimitBurst=") for line in lines), "the unit limits its starts")


run_tests(damaged_file, damaged_log, damaged_record, empty_index, unit)
