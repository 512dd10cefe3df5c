"""Backups made under load, restored, added to, cut off and altered."""
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from dialects import virtshell
from lib import POLYTASKCTL, Instance, run_tests
from processes import make_directory
from tap import equal, note, ok, until
from workload import Journal, Load

JSON = ("Content-Type", "application/json")
KEYED = {"dialect": "virtshell", "fields": {"description": "keyed"}}
KEY = ("Idempotency-Key", '"backup-1"')
TASKS = "/v1/tasks"
PASSWORD = "a password of the test"
KEPT = {"retention.succeeded": "30d"}
USERS = ("first", "second", "third", "fourth", "fifth", "sixth")


class TimedJournal(Journal):
    """Also keeps when each creation was acknowledged."""

    def __init__(self):
        super().__init__()
        self.times = {}

    def record(self, name, answer):
        self.times[name] = time.monotonic()
        super().record(name, answer)


def native(instance, method, path, body=None, *lines):
    return instance.request(
        method, path, body, headers=instance.bearer() + ([JSON] if body else []) + list(lines)
    )


def create_number(instance):
    """The id of a new IDOL task, which is a number."""
    track = {"data": {"type": "tracks", "id": "12"}}
    task = {
        "type": "import-tasks",
        "attributes": {"master-type": "hd"},
        "relationships": {"attachable": track},
    }
    return int(instance.idol("POST", "/import-tasks", {"data": task}).json()["data"]["id"])


def restored(instance, home, expect=()):
    """A second instance on a restored home, with the credentials of the first."""
    copy = Instance(autostart=False, store=home, expect=(*expect, "quota"), conf=KEPT)
    copy.token, copy.key, copy.secret = instance.token, instance.key, instance.secret
    copy.owner, copy.owner_key = instance.owner, instance.owner_key
    copy.secrets = instance.secrets
    return copy


def previous(name):
    client, number = name.rsplit("-", 1)
    return f"{client}-{int(number) - 1}"


def check_moment(name, journal, before, found):
    """The tasks found are those of one moment after all of `before` were acknowledged."""
    missing = before - found
    ok(not missing, f"{name}: has all {len(before)} tasks from before", list(missing)[:5])
    strangers = found - set(journal.ok) - set(journal.unknown)
    ok(not strangers, f"{name}: has only tasks that were created", list(strangers)[:5])
    gaps = [task for task in found if previous(task) in journal.ok and previous(task) not in found]
    ok(not gaps, f"{name}: has no task without the one before it", gaps[:5])
    # A request is sent after the answer to the client's previous one.
    sent = [journal.times[previous(task)] for task in found if previous(task) in journal.times]
    acknowledged = [journal.times[task] for task in journal.ok if task not in found]
    ok(
        not sent or not acknowledged or max(sent) <= min(acknowledged),
        f"{name}: no task was sent after one that is missing had been acknowledged",
        (max(sent, default=0), min(acknowledged, default=0)),
    )


def descriptions(instance):
    return {task["description"] for task in instance.tasks() if "-" in task["description"]}


def add_principals(instance):
    """Users, credentials and quotas of all kinds, in two tenants; returns a token and a key of the other."""
    instance.ctl("user", "add", "ann", "--tenant", "other", "--rights", "read")
    token = instance.add_token("ann", "reader", "--dialects", "native")
    key = instance.add_key("ann")
    instance.ctl("password", "set", "ann", stdin=PASSWORD + "\n")
    instance.secrets.append(PASSWORD)
    instance.ctl("user", "add", "bob", "--expires", "3600")
    instance.add_token("bob", "lost")
    instance.ctl("token", "revoke", "lost")
    instance.ctl("quota", "set", "other", "--tasks", "7", "--bytes", "70000")
    return token, key


def principals(instance):
    """What the lists show, without counts of tasks."""
    found = {}
    for what in ("user", "password", "token", "key", "quota"):
        lines = [json.loads(line) for line in instance.ctl(what, "list", "--json").splitlines()]
        counts = ("tasks", "bytes") if what == "quota" else ()
        found[what] = sorted(
            json.dumps({name: value for name, value in line.items() if name not in counts})
            for line in lines
        )
    return found


def check_principals(copy, token, key):
    """The credentials of the other tenant have the same rights as before."""
    equal(copy.native("GET", "/tasks", token=token).status, 200, "a restored token may read")
    equal(copy.native("POST", "/tasks", {}, token=token).status, 403, "and not write")
    equal(copy.get("/tasks", headers=copy.bearer(token)).status, 403, "nor use another dialect")
    signed = copy.sign("GET", virtshell.PREFIX + "/tasks", key=key[0], secret=key[1])
    equal(copy.get("/tasks", headers=signed).status, 200, "a signature with a restored key is accepted")
    form = urllib.parse.urlencode({"grant_type": "password", "username": "ann", "password": PASSWORD})
    login = copy.request("POST", "/oauth/token", form, [])
    equal(login.status, 200, "a restored password is accepted")
    copy.secrets.append(login.json()["access_token"])
    copy.ctl("quota", "set", "demo", "--tasks", "1")
    equal(native(copy, "POST", TASKS, {}).status, 403, "a quota of the copy is in force")
    equal(copy.native("GET", "/tasks?limit=1").status, 200, "a restored token of the first tenant")


def backup_under_load():
    instance = Instance(conf=KEPT)
    token, key = add_principals(instance)
    ended = native(instance, "POST", TASKS, {"state": "succeeded"}).json()
    journal, folder = TimedJournal(), os.path.join(instance.dir, "backup")
    key_task = native(instance, "POST", TASKS, KEYED, KEY).json()
    number = create_number(instance)
    with Load(instance, journal, clients=8):
        until(lambda: len(journal.ok) > 300, 30)
        before, begun = set(journal.ok), time.monotonic()
        done = instance.ctl_run("backup", folder)
        seconds = time.monotonic() - begun
        until(lambda: len(journal.ok) > len(before) + 600, 30)
    equal(done.returncode, 0, f"a backup under load is made {done.stderr}")
    note(f"{len(before)} tasks before, {len(journal.ok)} after; {seconds:.2f} s; {done.stdout.strip()}")
    equal(set(journal.statuses), {200}, "every create during the backup gets 200")
    ok(instance.status()["store"]["last_backup"], "the status has the time of the last backup")
    check_modes(folder)

    home = os.path.join(instance.dir, "restored")
    done = instance.ctl_run("restore", folder, "--home", home)
    equal(done.returncode, 0, f"it is restored beside the running service {done.stderr}")
    copy = restored(instance, home)
    copy.start()
    check_moment("the restored store", journal, before, descriptions(copy))
    copy.verify("the restored store")
    again = native(copy, "POST", TASKS, KEYED, KEY)
    equal(again.json()["id"], key_task["id"], "an Idempotency-Key from before is known")
    equal(create_number(copy), number + 1, "the next number is right")
    equal(principals(copy), principals(instance), "users, passwords, tokens, keys and quotas are the same")
    kept = native(copy, "GET", f"{TASKS}/{ended['id']}").json()
    equal(kept["kept_until"], ended["kept_until"], "a finished task is kept until the same time")
    check_principals(copy, token, key)
    copy.stop("the restored store")
    journal.check(instance, "the running service")
    instance.verify("the running service")
    instance.stop("the running service")


def check_modes(folder):
    modes = set()
    for path, folders, files in os.walk(folder):
        modes |= {oct(os.stat(os.path.join(path, name)).st_mode & 0o7777) for name in files}
        equal(oct(os.stat(path).st_mode & 0o7777), "0o700", "mode of " + os.path.basename(path))
    equal(modes, {"0o600"}, "modes of the files")


def seconds_pass():
    """Commits have times in whole seconds."""
    time.sleep(1.1 - time.time() % 1)


def timestamp():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def added_logs_and_a_moment():
    """Additions from home and archive; a restore up to a time."""
    instance = Instance(autostart=False)
    archive = instance.conf["archive"] = os.path.join(instance.dir, "archive")
    instance.write_conf()
    instance.make_principal()
    instance.start()
    folder = os.path.join(instance.dir, "backup")
    instance.ctl("user", "add", "first")
    instance.ctl("backup", folder)
    seconds_pass()
    instance.ctl("user", "add", "second")
    moment = timestamp()
    seconds_pass()
    instance.ctl("user", "add", "third")
    instance.ctl("load-sample", "20000")
    instance.ctl("checkpoint")
    ok(os.listdir(archive), "logs were archived and removed")
    instance.ctl("user", "add", "fourth")
    instance.ctl("backup", "--add", folder)
    instance.ctl("user", "add", "fifth")

    equal(users_after(instance, folder, "end"), "first second third fourth", "an addition")
    equal(users_after(instance, folder, "moment", "--until", moment), "first second", "--until")
    equal(
        users_after(instance, folder, "later", "--until", "2099-01-01T00:00:00Z"),
        "first second third fourth",
        "--until a time to come",
    )
    early = instance.ctl_run(
        "restore", folder, "--home", instance.dir + "/x", "--until", "2020-01-01T00:00:00Z"
    )
    ok("must be later than the end of the first copy" in early.stderr, "a moment before the backup is refused")
    logs_of_archive(instance, folder, archive)
    instance.stop("additions")


def users_after(instance, folder, name, *options):
    home = os.path.join(instance.dir, name)
    done = instance.ctl_run("restore", folder, "--home", home, *options)
    equal(done.returncode, 0, f"{name}: is restored {done.stderr}")
    listed = subprocess.run(
        [POLYTASKCTL, "-c", os.path.join(instance.dir, "polytask.conf"), "-o", "home=" + home]
        + ["-o", "control=" + os.path.join(instance.dir, "none.sock")]
        + ["-o", "regions=" + home + "/regions", "user", "list", "--json"],
        capture_output=True,
        text=True,
    )
    found = {json.loads(line)["name"] for line in listed.stdout.splitlines()}
    return " ".join(user for user in USERS if user in found)


def logs_of_archive(instance, folder, archive):
    """A backup of the stopped service; later logs are given at the restore."""
    instance.stop_daemon()
    cold = os.path.join(instance.dir, "cold")
    equal(instance.ctl_run("backup", cold).returncode, 0, "the stopped service is backed up")
    instance.start_daemon()
    instance.wait_ready()
    instance.ctl("user", "add", "sixth")
    instance.ctl("load-sample", "20000")
    instance.ctl("checkpoint")
    equal(
        users_after(instance, cold, "archived", "--logs", archive),
        "first second third fourth fifth sixth",
        "logs of the archive",
    )


def refusals():
    instance = Instance()
    folder = os.path.join(instance.dir, "backup")
    home = os.path.join(instance.dir, "restored")
    cut_off(instance, os.path.join(instance.dir, "cut"))
    instance.ctl("backup", folder)
    again = instance.ctl_run("backup", folder)
    ok("is not empty" in again.stderr, "a folder with a backup is not overwritten", again.stderr)
    nested(instance, folder)
    altered(instance, folder, home)
    unfinished(instance, folder, home)
    instance.stop("refusals")


def nested(instance, folder):
    """A folder that would be lost with the home or with the backup."""
    link = os.path.join(instance.dir, "link")
    os.symlink(instance.conf["home"], link)
    inside = "would be lost with it: choose a folder outside of it"
    for name, words, what in (
        ("a backup in the home", ("backup", os.path.join(link, "data", "new")), "the home"),
        ("a restore in the backup", ("restore", folder, "--home", folder + "/new"), "the backup"),
        ("a restore in the home", ("restore", folder, "--home", link + "/new"), "the configured home"),
    ):
        done = instance.ctl_run(*words)
        equal(
            (done.returncode, done.stderr),
            (6, f"polytaskctl: {words[-1]} is in {what}, and {inside}\n"),
            f"{name} is refused",
        )
        ok(not os.path.exists(words[-1]), "and no folder is made")


def cut_off(instance, folder):
    """Ctrl-C: no hold of the logs is left, and the folder says that it is not a backup."""
    instance.ctl("load-sample", "20000")
    backup = subprocess.Popen(
        [POLYTASKCTL, "-c", os.path.join(instance.dir, "polytask.conf")]
        + ["backup", "--rate", "1", folder],
        stderr=subprocess.PIPE,
        text=True,
    )
    copied = os.path.join(folder, "data")
    ok(until(lambda: os.path.isdir(copied) and os.listdir(copied), 10), "a backup is running")
    second = instance.ctl_run("backup", folder + "2")
    ok("another backup is running" in second.stderr, "a second one is refused", second.stderr)
    backup.send_signal(signal.SIGINT)
    equal((backup.wait(20), backup.stderr.read()), (130, "polytaskctl: interrupted\n"), "Ctrl-C")
    ok(os.path.exists(os.path.join(folder, "incomplete")), "the folder is marked")
    done = instance.ctl_run("restore", folder, "--home", folder + "3")
    ok("is not a complete backup" in done.stderr, "it is not restored", done.stderr)
    done = instance.ctl_run("backup", folder)
    ok(
        "is not empty: it has an unfinished backup; remove it" in done.stderr,
        "another backup does not overwrite it",
        done.stderr,
    )


def altered(instance, folder, home):
    path = max(
        (os.path.join(folder, "data", name) for name in os.listdir(os.path.join(folder, "data"))),
        key=os.path.getsize,
    )
    with open(path, "r+b") as file:
        file.seek(4096 + 100)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 1]))
    done = instance.ctl_run("restore", folder, "--home", home)
    ok(
        done.returncode == 1 and "differs from the sum in the manifest" in done.stderr,
        "an altered file is refused",
        done.stderr,
    )
    ok(not os.path.exists(home), "nothing was restored")
    os.truncate(path, os.path.getsize(path) - 4096)
    done = instance.ctl_run("restore", folder, "--home", home)
    ok("differs from the sum" in done.stderr, "a file that was cut is refused", done.stderr)
    shutil.rmtree(folder)
    instance.ctl("backup", folder)


def unfinished(instance, folder, home):
    """What an interrupted restore leaves: no service starts on it."""
    instance.ctl("restore", folder, "--home", home)
    with open(os.path.join(home, "unfinished"), "w") as file:
        file.write("x")
    copy = restored(instance, home, expect=("recover", "exit"))
    done = copy.ctl_run("user", "list")
    ok(
        "the home is an unfinished restore: remove it and restore again" in done.stderr,
        "an unfinished restore is refused",
        done.stderr,
    )
    done = instance.ctl_run("restore", folder, "--home", home)
    ok(
        "is not empty: it has an unfinished restore; remove it" in done.stderr,
        "a restore does not overwrite it",
        done.stderr,
    )


run_tests(backup_under_load, added_logs_and_a_moment, refusals)
