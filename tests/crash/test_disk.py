"""Disk failures: a full disk below data and logs, small shared memory, and EIO from fdatasync."""
import contextlib
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from lib import Instance, run_tests
from processes import find_program, make_directory
from tap import equal, note, ok, patient, skip, until
from workload import Journal, Load

# Events that may be logged: with a full disk, and with EIO.
FULL = ("bdb", "disk-low", "exit", "flush", "keeper", "reserve", "store-write-failed")
BROKEN = ("bdb", "exit", "panic", "recovery", "store-lost", "store-panic")
MIB = 1 << 20
LOG_LINES = 150


def try_create(instance, journal, name):
    try:
        answer = instance.post(
            "/tasks", {"description": name, "status": "pending", "log": "x" * 20000}
        )
    except OSError:
        answer = None
    journal.record(name, answer)
    return answer.status if answer else 0


def free_bytes(path):
    room = os.statvfs(path)
    return room.f_bavail * room.f_frsize


def fill(path, leave):
    """Fills the disk up to leave free bytes; ignores the error of a full disk."""
    try:
        with open(os.path.join(path, "filler"), "ab", buffering=0) as filler:
            while (room := free_bytes(path) - leave) > 0:
                filler.write(b"\0" * min(room, MIB))
    except OSError:
        pass


def restore_free(path, leave):
    """Shortens the filler by the space that the service has used of the free bytes."""
    missing = leave - free_bytes(path)
    if missing > 0:
        filler = os.path.join(path, "filler")
        os.truncate(filler, max(0, os.path.getsize(filler) - missing - MIB))


def unfill(path):
    try:
        os.unlink(os.path.join(path, "filler"))
    except FileNotFoundError:
        pass


def await_reserve(path):
    """Waits until the service has a reserve file for the next round."""
    ok(
        until(lambda: os.path.exists(os.path.join(path, "store", "reserve")), 10),
        "the reserve file exists",
    )


def revoke_on_full_disk(instance, path, leave):
    """On a nearly full disk credentials can be revoked and rotated, but no user added."""
    for words, status in {
        ("token", "rotate", "lost"): 0,
        ("token", "revoke", "lost"): 0,
        ("key", "revoke", "lost"): 0,
        ("user", "revoke", "leaver"): 0,
        ("user", "add", "newcomer"): 6,
    }.items():
        restore_free(path, leave)
        done = instance.ctl_run(*words)
        instance.secrets += done.stdout.split()
        text = "polytaskctl: The disk is full; nothing was changed.\n" if status else ""
        equal((done.returncode, done.stderr), (status, text), "low: " + " ".join(words))


def use_full_disk(instance, journal, path, leave, name, uuid):
    """Writes and reads for 3 s, since removed logs may free space; returns the status codes of both."""
    deadline, writes, reads = time.monotonic() + 3, [], set()
    while time.monotonic() < deadline:
        fill(path, leave)
        writes.append(try_create(instance, journal, f"{name} {time.monotonic()}"))
        for where in ("/tasks/" + uuid, "/tasks/cancelled"):
            try:
                reads.add(instance.get(where).status)
            except OSError:
                reads.add(0)
        time.sleep(0.05)
    return writes, reads


def await_first_write(instance, journal, name):
    begun = time.monotonic()
    ok(
        until(
            lambda: try_create(instance, journal, f"{name} {time.monotonic()}") == 200, 20, 0.05
        ),
        f"{name}: writes succeed within 20 s after space was freed",
        instance.log()[-2000:],
    )
    note(f"{name}: {time.monotonic() - begun:.2f} s until the first write after space was freed")


def round_of_full_disk(instance, journal, path, leave, name):
    await_reserve(path)
    if leave > 0:
        instance.ctl("user", "add", "leaver")
        instance.add_token("leaver", "lost")
        instance.add_key("leaver", "--id", "lost")
    uuid = instance.create(description=name + " before", status="pending")
    journal.ok[name + " before"] = uuid
    with Load(instance, journal, clients=4, prefix=name + " load"):
        time.sleep(0.2)
        fill(path, leave)
        refused = until(
            lambda: try_create(instance, journal, f"{name} {time.monotonic()}") >= 500, 60
        )
        fill(path, leave)
        ok(refused, f"{name}: a write gets 5xx", journal.statuses)
        writes, reads = use_full_disk(instance, journal, path, leave, name, uuid)
    note(f"{name}: writes {set(writes)}, reads {reads}, all {journal.statuses}")
    note(f"{name}: {free_bytes(path)} bytes free")
    ok(all(status >= 500 for status in writes[-10:]), f"{name}: all following writes get 5xx", writes)
    equal(reads, {200}, f"{name}: all reads get 200")
    if leave > 0:
        revoke_on_full_disk(instance, path, leave)
    unfill(path)
    await_first_write(instance, journal, name)
    journal.check(instance, name)
    instance.verify(name)


def reads_task(instance, uuid):
    try:
        return instance.get("/tasks/" + uuid).status == 200
    except OSError:
        return False


def start_on_full_disk(instance, journal, path):
    """The service is killed while the disk is full, and must start on it."""
    name = "a start on a full disk"
    uuid = instance.create(description="last", status="pending")
    journal.ok["last"] = uuid
    await_reserve(path)
    fill(path, 0)
    instance.kill_daemon()
    instance.start_daemon()
    ok(
        until(lambda: reads_task(instance, uuid), 20),
        f"{name}: reads succeed",
        instance.log()[-3000:],
    )
    unfill(path)
    await_first_write(instance, journal, name)
    journal.check(instance, name)
    instance.verify(name)


def check_log_size(instance):
    """The full disks of this test, some 20 s, must not fill the log."""
    times = {}
    for entry in instance.events():
        if entry["level"] in ("warn", "error"):
            times[entry["event"]] = times.get(entry["event"], 0) + 1
    note(f"log lines at warning or above: {times}")
    ok(sum(times.values()) <= LOG_LINES, f"at most {LOG_LINES} of these lines", times)


@contextlib.contextmanager
def small_disk(size="256m"):
    """A file system of that size; None if this user cannot mount one."""
    path = make_directory("polytask-disk-")
    mount = ["mount", "-t", "tmpfs", "-o", "size=" + size, "polytask", path]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        yield None
        return
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", path], check=False)


def full_disk():
    with small_disk() as path:
        if not path:
            skip("a full disk", "needs root and mount")
            return
        instance = Instance(
            expect=FULL,
            store=os.path.join(path, "store"),
            conf={
                "reserve_mb": "16",
                "expected_tasks": "1000",
                "checkpoint_mb": "1",
                "checkpoint_seconds": "1",
            },
        )
        journal = Journal()
        try:
            round_of_full_disk(instance, journal, path, 2 * MIB, "low")
            round_of_full_disk(instance, journal, path, 0, "full")
            start_on_full_disk(instance, journal, path)
            check_log_size(instance)
            instance.stop("full disk")
        finally:
            if instance.daemon:
                instance.kill_daemon()


def shared_memory_of_a_container():
    """The regions are on a file system of 64 MiB, as /dev/shm is in a container."""
    with small_disk("64m") as path:
        if not path:
            skip("small shared memory", "needs root and mount")
            return
        conf = {"regions": os.path.join(path, "regions"), "cache_mb": "64"}
        instance = Instance(expect=("bdb", "store-write-failed"), autostart=False, conf=conf)
        refuse_large_cache(instance)
        instance.conf["cache_mb"] = "8"
        instance.write_conf()
        instance.make_principal()
        instance.start()
        write_with_full_shared_memory(instance, path)
        instance.stop("small shared memory")


def refuse_large_cache(instance):
    done = instance.ctl_run("user", "add", "large")
    equal(done.returncode, 1, "small shared memory: a cache of 64 MB is refused")
    ok(
        "shared memory needs 134 MB in " in done.stderr
        and "where 63 MB are free" in done.stderr
        and "lower cache_mb (64)" in done.stderr,
        "small shared memory: the sentence names sizes and options",
        done.stderr,
    )


def write_with_full_shared_memory(instance, path):
    """Something else fills the file system; the regions have their space."""
    fill(path, 0)
    equal(free_bytes(path), 0, "small shared memory: it is full")
    equal(
        instance.ctl("load-sample", "5000"),
        "5000 tasks loaded\n",
        "small shared memory: a large transaction is committed",
    )
    journal = Journal()
    with Load(instance, journal, clients=8, count=500, prefix="small"):
        pass
    equal(set(journal.statuses), {200}, "small shared memory: every create gets 200")
    journal.check(instance, "small shared memory")
    instance.verify("small shared memory")
    equal(instance.status()["recoveries"], 0, "small shared memory: no recovery")


def status_of_archive(instance):
    return instance.status()["store"]["archive"]


def broken_archive():
    """Logs wait while the archive cannot be written: said once, shown by status, and made good."""
    instance = Instance(expect=("archive",), autostart=False)
    archive = os.path.join(instance.dir, "archive")
    instance.conf.update(archive=archive, checkpoint_mb="1", checkpoint_seconds="1")
    instance.write_conf()
    instance.make_principal()
    instance.start()
    os.rmdir(archive)
    instance.ctl("load-sample", "60000", "--tenant", "demo")
    ok(until(lambda: status_of_archive(instance) == "failing", 20), "status: the archive is failing")
    time.sleep(6)  # it is tried every five seconds
    status = instance.status()
    ok(status["store"]["archive_waiting_files"] > 0, "status has the logs that wait", status)
    ok(status["attention"], "status says that the archive needs attention", status)
    equal(status["store"]["archive_error"], "No such file or directory", "status has the cause")
    equal(len(instance.events("archive")), 1, "one line in the log says so")
    os.mkdir(archive, 0o700)
    ok(until(lambda: status_of_archive(instance) == "working", 20), "status: it works again")
    equal(instance.status()["store"]["archive_waiting_files"], 0, "no log waits")
    ok(os.listdir(archive), "the logs are in the archive")
    ok(until(lambda: len(instance.events("archive")) == 2, 5), "a second line says so")
    instance.stop("broken archive")


def can_trace():
    """Only root may attach to a process of polytaskd, which is not dumpable."""
    strace = find_program("strace")
    return (
        strace
        and os.geteuid() == 0
        and subprocess.run([strace, "-o", "/dev/null", "true"], capture_output=True).returncode
        == 0
    )


def read_trace(path):
    try:
        with open(path, errors="replace") as file:
            return file.read()
    except OSError:
        return ""


@contextlib.contextmanager
def failing_sync(pid, number, trace):
    """The number-th fdatasync or fsync of this process fails with EIO."""
    tracer = subprocess.Popen(
        [
            *("strace", "-f", "-o", trace, "-p", str(pid)),
            *("-e", "trace=fdatasync,fsync"),
            *("-e", f"inject=fdatasync,fsync:error=EIO:when={number}"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        ok(until(lambda: "INJECTED" in read_trace(trace), 20, 0.01), "EIO was injected")
        yield
    finally:
        tracer.terminate()
        tracer.wait()


def fail_sync_under_load(instance, journal, turn):
    before = instance.status()["recoveries"]
    trace = os.path.join(instance.dir, "log", f"strace.{turn}")
    with Load(instance, journal, clients=8, prefix=f"eio{turn}"):
        until(lambda: len(journal.ok) >= 50 * (turn + 1), 20)
        with failing_sync(instance.workers()[0], turn + 1, trace):
            begun = time.monotonic()
            ok(
                until(lambda: instance.status()["recoveries"] > before, 10),
                "the store is recovered",
                instance.log()[-2000:],
            )
            ok(
                until(lambda: journal.last_ok > begun, 10, 0.01) and journal.last_ok - begun < patient(2),
                "a create succeeds soon",
                journal.last_ok - begun,
            )
        time.sleep(0.2)
    journal.check(instance, f"EIO {turn}")


def broken_sync():
    """EIO from a worker's fdatasync puts the commits that it covers in doubt: recovers the store."""
    if not can_trace():
        skip("EIO from fdatasync", "needs root and strace")
        return
    instance = Instance(expect=BROKEN, conf={"workers": "1"})
    journal = Journal()
    for turn in range(3):
        fail_sync_under_load(instance, journal, turn)
    note(f"answers {journal.statuses}")
    ok(set(journal.statuses) <= {200, 0, 503}, "answers are 200, 503 or none", journal.statuses)
    errors = [entry for entry in instance.events() if entry["level"] == "error"]
    ok(errors, "the log has an error")
    instance.verify("EIO")
    instance.stop("EIO")


run_tests(full_disk, shared_memory_of_a_container, broken_sync, broken_archive)
