"""Commands and rebuilds that are cut short by SIGKILL: the store comes up by itself, or the command is run again.

POLYTASK_ROUNDS=N sets the kills of each case.
"""
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from lib import POLYTASKD, SANITIZED
from load import Load
from model import LOAD_CONF, QUOTA_COMMAND, compare
from old_store import make_old
from processes import child_pids, kill, make_directory
from recording import NEVER
from runs import start_or_fail
from service import MEMORY, Service
from tap import equal, note, ok, run, skip, until

ROUNDS = int(os.environ.get("POLYTASK_ROUNDS", "2"))
TASKS = 4000 if SANITIZED else 8000
OLD_TASKS = TASKS // 5
COMPLETE_SECONDS = 120
# Options of a second service beside the first, and what follows the path of its home.
OTHER = {"home": "", "regions": "-regions", "control": "-control"}


def new_service(name, conf=None):
    return Service(make_directory(f"polytask-{name}-", MEMORY), conf=conf)


def filled(name, tasks=TASKS, conf=None):
    """A running service with tasks, and its export."""
    service = new_service(name, conf)
    start_or_fail(service)
    service.ctl("load-sample", str(tasks), "--tenant", "demo", "--dialect", "virtshell")
    return service, by_id(service.export())


def by_id(rows):
    return {row["id"]: row for row in rows}


def begin(service, *words, stdin=None):
    """Starts a command; its output is read by end()."""
    pipe = subprocess.PIPE
    return subprocess.Popen(
        service.ctl_words(*words), stdin=stdin, stdout=pipe, stderr=pipe, text=True
    )


def end(command, name):
    """Waits; returns the status. A command that fails prints one sentence, unless it was killed."""
    _, text = command.communicate(timeout=120)
    if command.returncode > 0:
        ok(
            text.startswith("polytaskctl: ") and text.count("\n") == 1,
            f"{name}: the command fails with one sentence",
            text,
        )
        note(text.strip())
    return command.returncode


def duration(service, *words):
    """Of a command that is not cut short."""
    begun = time.monotonic()
    done = service.ctl(*words, timeout=120)
    if done.returncode != 0:
        raise RuntimeError(f"{words}: {done.stderr}")
    return time.monotonic() - begun


def kill_role(service, role):
    """Kills a child process with this role, if there is one; "worker": any that answers requests."""
    roles = ("writer", "reader") if role == "worker" else (role,)
    for pid in child_pids(service.daemon.pid):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                title = file.read().decode()
        except OSError:
            continue
        if any(role in title for role in roles):
            return kill(pid, signal.SIGKILL)
    return False


def kill_something(service, what, command=None):
    """what: a role, "all" (which is started again), or "command"."""
    if what == "all":
        service.kill()
        start_or_fail(service)
    elif what == "command":
        command.kill()
    else:
        kill_role(service, what)


def is_complete(service):
    done = service.ctl("--json", "status")
    if done.returncode != 0:
        return False
    return json.loads(done.stdout)["store"]["index"] == "complete"


def check(service, name, tasks):
    """The index is complete by itself, and all tasks are there."""
    complete = until(lambda: is_complete(service), COMPLETE_SECONDS, 0.1)
    ok(complete, f"{name}: the index is complete", service.log()[-2000:])
    problems = service.verify_problems() + service.usage_problems(tasks.values())
    ok(not problems, f"{name}: the store is whole", problems)
    equal(by_id(service.export()) == tasks, True, f"{name}: all tasks are as they were")


# ---- the index ----


def reindex():
    service, tasks = filled("reindex")
    seconds = duration(service, "reindex")
    note(f"reindex: {seconds:.1f} s")
    for what in ("keeper", "worker", "recover", "operator", "all", "command") * max(1, ROUNDS // 2):
        command = begin(service, "reindex")
        time.sleep(random.uniform(0, seconds))
        kill_something(service, what, command)
        end(command, f"reindex, {what} killed")
        check(service, f"reindex, {what} killed", tasks)
    equal(service.stop(), 0, "reindex: the service ends")


def start_without_index():
    service, tasks = filled("without-index")
    for what in ("keeper", "worker", "recover", "all") * max(1, ROUNDS // 2):
        name = f"a start without index.db, {what} killed"
        service.kill()
        os.unlink(os.path.join(service.home, "data", "index.db"))
        service.start()
        for _ in range(2):
            time.sleep(random.uniform(0, 1))
            kill_something(service, what)
        check(service, name, tasks)
    equal(service.stop(), 0, "without an index: the service ends")


# ---- migrate ----


def old_store(name):
    """A stopped service on a store of the form before tasks2.db, and the ids of its tasks."""
    source, tasks = filled(name, OLD_TASKS)
    source.stop()
    lines = [json.dumps({**row, "id": str(uuid.uuid4())}) for row in tasks.values()]
    service = new_service(name)
    start_or_fail(service)
    service.ctl("import", stdin="\n".join(lines) + "\n")
    service.ctl("checkpoint")
    service.stop()
    ids = {json.loads(line)["id"] for line in lines}
    if not make_old(os.path.join(service.home, "data"), ids):
        return old_store(name + "-again")
    return service, ids


def names_the_command(service):
    done = subprocess.run(
        [POLYTASKD, "-c", service.conf_path], capture_output=True, text=True, timeout=20
    )
    return done.stderr.count("\n") == 1 and "run `polytaskctl migrate`" in done.stderr


def migrate():
    original, ids = old_store("migrate")
    saved = os.path.join(original.top, "saved")
    shutil.copytree(original.home, saved)
    seconds = duration(original, "migrate")
    for turn in range(2 * ROUNDS):
        name = f"migrate, killed, {turn}"
        shutil.rmtree(original.home)
        shutil.copytree(saved, original.home)
        for _ in range(2):
            command = begin(original, "migrate")
            time.sleep(random.uniform(0, seconds))
            command.kill()
            migrated = end(command, name) == 0
        if not migrated and os.path.exists(os.path.join(original.home, "data", "tasks.db")):
            ok(names_the_command(original), f"{name}: a start names the command")
        done = original.ctl("migrate")
        equal((done.returncode, done.stderr), (0, ""), f"{name}: it is run again: {done.stdout}")
        start_or_fail(original)
        equal({row["id"] for row in original.export()} == ids, True, f"{name}: all tasks are there")
        equal(original.verify_problems(), [], f"{name}: the store is whole")
        original.stop()


# ---- backup and restore ----


def restore(service, folder, name):
    """Restores a backup beside the service; returns the second service, not started."""
    copy = new_service("restored")
    os.rmdir(copy.archive)
    os.rmdir(copy.home)
    done = service.ctl("restore", folder, "--home", copy.home)
    equal((done.returncode, done.stderr), (0, ""), f"{name}: it is restored")
    os.mkdir(copy.archive)
    return copy


def check_backup(service, folder, name, tasks):
    """The backup is refused as incomplete, or whole; tasks: of before it began. Returns whether it is."""
    if os.path.exists(os.path.join(folder, "manifest.json")):
        copy = restore(service, folder, name)
        start_or_fail(copy)
        rows = by_id(copy.export())
        equal(tasks.keys() - rows.keys(), set(), f"{name}: has all tasks from before")
        equal(copy.verify_problems() + copy.usage_problems(rows.values()), [], f"{name}: is whole")
        copy.stop()
        return True
    target = folder + "-restored"
    done = service.ctl("restore", folder, "--home", target)
    begun = os.path.isdir(folder)
    why = "is not a complete backup" if begun else "cannot be opened: No such file or directory"
    ok(why in done.stderr, f"{name}: is refused", done.stderr)
    ok(not os.path.exists(target), f"{name}: nothing is restored")
    return False


def backup():
    service, tasks = filled("backup", 3000)
    whole = duration(service, "backup", os.path.join(service.run, "first"))
    finished = 0
    for turn in range(ROUNDS):
        for what in ("command", "operator", "all"):
            name = f"backup, {what} killed, {turn}"
            folder = os.path.join(service.run, f"{what}-{turn}")
            with Load(service.connect, time.monotonic_ns, name, prefix=f"{what}-{turn}-"):
                command = begin(service, "backup", folder)
                time.sleep(random.uniform(0, 1.5 * whole))
                kill_something(service, what, command)
                end(command, name)
            finished += check_backup(service, folder, name, tasks)
            start_again = until(lambda: service.ctl("checkpoint").returncode == 0, 30)
            ok(start_again, f"{name}: the service answers")
            equal(service.verify_problems(), [], f"{name}: the store is whole")
            shutil.rmtree(folder, ignore_errors=True)
            done = service.ctl("backup", folder)
            held = "another backup is running" in done.stderr  # of the killed one, for a minute
            ok(done.returncode == 0 or held, f"{name}: another one is made, or refused", done.stderr)
            shutil.rmtree(folder, ignore_errors=True)
    note(f"{finished} of {3 * ROUNDS} were whole; one takes {whole:.1f} s")
    equal(service.stop(), 0, "backup: the service ends")


def add_when_free(service, folder):
    """None while the logs are held for a command that was killed: for a minute at most."""
    done = service.ctl("backup", "--add", folder, timeout=120)
    return None if "another backup is running" in done.stderr else done


def added_logs():
    service, _ = filled("add", 1000, LOAD_CONF)
    service.ctl(*QUOTA_COMMAND)
    folder = os.path.join(service.run, "backup")
    whole = duration(service, "backup", folder)
    for turn in range(ROUNDS):
        name = f"backup --add, killed, {turn}"
        before = by_id(service.export())
        with Load(service.connect, time.monotonic_ns, name, prefix=f"add-{turn}-") as load:
            time.sleep(0.2)
            command = begin(service, "backup", "--add", folder)
            time.sleep(random.uniform(0, whole))
            kill_something(service, ("operator", "all")[turn % 2], command)
            end(command, name)
            until(lambda: service.ctl("checkpoint").returncode == 0, 30)
        restore(service, folder, name + ", not repeated")
        done = until(lambda: add_when_free(service, folder), 90, 0.5)
        equal((done.returncode, done.stderr), (0, ""), f"{name}: it is run again")
        copy = restore(service, folder, name)
        start_or_fail(copy)
        rows = copy.export()
        known = set(before)
        mine = [row for row in rows if row["id"] not in known]
        problems = compare(load.tasks(), mine, NEVER, time.time())
        equal(problems[:5], [], f"{name}: has all tasks from before it was repeated")
        copy.stop()
    equal(service.stop(), 0, "add: the service ends")


def interrupted_restore():
    service, tasks = filled("restore", 3000)
    folder = os.path.join(service.run, "backup")
    service.ctl("backup", folder)
    home = os.path.join(service.run, "new")
    seconds = duration(service, "restore", folder, "--home", home)
    for turn in range(2 * ROUNDS):
        name = f"restore, killed, {turn}"
        shutil.rmtree(home, ignore_errors=True)
        command = begin(service, "restore", folder, "--home", home)
        time.sleep(random.uniform(0, seconds))
        command.kill()
        end(command, name)
        if not os.path.isdir(os.path.join(home, "data")):
            continue
        paths = [f"{option}={home}{name}" for option, name in OTHER.items()]
        options = [word for path in paths for word in ("-o", path)]
        if not os.path.exists(os.path.join(home, "unfinished")):
            whole = by_id(service.export(*options)) == tasks
            ok(whole, f"{name}: killed at its end, all tasks are as they were")
            continue
        done = service.ctl(*options, "user", "list")
        ok("unfinished restore" in done.stderr, f"{name}: a start is refused", done.stderr)
        done = service.ctl("restore", folder, "--home", home)
        ok(
            "is not empty: it has an unfinished restore; remove it" in done.stderr,
            f"{name}: the directory is not used again",
            done.stderr,
        )
        copy = restore(service, folder, name)
        start_or_fail(copy)
        check(copy, name, tasks)
        copy.stop()
    equal(service.stop(), 0, "restore: the service ends")


# ---- import ----


def interrupted_import():
    service, _ = filled("export", 6000)
    path = os.path.join(service.top, "export")
    with open(path, "w") as out:
        out.write(service.ctl("export", "--all").stdout)
    tasks = by_id(service.export())
    service.stop()
    seconds = 1.0
    for turn in range(ROUNDS):
        for what in ("command", "operator", "all", "stopped"):
            name = f"import, {what} killed, {turn}"
            target = new_service("import")
            if what != "stopped":
                start_or_fail(target)
            with open(path) as lines:
                command = begin(target, "import", stdin=lines)
                time.sleep(random.uniform(0, seconds))
                kill_something(target, "command" if what == "stopped" else what, command)
                end(command, name)
            begun = time.monotonic()
            with open(path) as lines:
                done = until(lambda: repeat_import(target, lines), 30)
            equal(done.returncode, 0, f"{name}: it is run again: {done.stderr}")
            seconds = time.monotonic() - begun
            if what == "stopped":
                start_or_fail(target)
            check(target, name, tasks)
            target.stop()


def repeat_import(service, lines):
    """None while the service recovers, which also ends a command that has begun."""
    done = service.ctl("import", stdin=lines.read())
    lines.seek(0)
    passing = any(words in done.stderr for words in ("recover", "closed the connection"))
    return None if done.returncode and passing else done


if os.path.exists(POLYTASKD):
    run(
        (
            reindex,
            start_without_index,
            migrate,
            backup,
            added_logs,
            interrupted_restore,
            interrupted_import,
        )
    )
else:
    skip("interrupted commands", "polytaskd is not built")
