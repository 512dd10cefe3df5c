"""Exit statuses of polytaskctl: the manual has each of the program's, and each has its cause."""
import os
import re
import shutil
import signal
import subprocess

from lib import POLYTASKCTL, Instance, run_tests
from paths import SOURCE
from processes import kill
from tap import equal, ok, skip, until


def statuses():
    """The numbers of enum exit_status by name."""
    with open(os.path.join(SOURCE, "src", "admin", "exit_status.h"), encoding="utf-8") as header:
        return {
            name: int(number)
            for name, number in re.findall(r"^\tEXIT_(\w+) = (\d+),", header.read(), re.M)
        }


STATUS = statuses()


def manual():
    with open(os.path.join(SOURCE, "src", "polytaskctl.8"), encoding="utf-8") as page:
        section = page.read().split("\n.Sh EXIT STATUS\n")[1].split("\n.Sh ")[0]
    listed = [int(number) for number in re.findall(r"^\.It (\d+)$", section, re.M)]
    ok(len(STATUS) > 8, "the statuses of the program are found", STATUS)
    equal(listed, list(STATUS.values()), "EXIT STATUS lists them, in their order")
    for line in re.findall(r"exit status is (.*?)\n\.", page_text(), re.S):
        numbers = {int(number) for number in re.findall(r"\b(\d+) (?:if|after an interrupt)", line)}
        ok(numbers <= set(STATUS.values()), f"known: {sorted(numbers)}", line)


def page_text():
    with open(os.path.join(SOURCE, "src", "polytaskctl.8"), encoding="utf-8") as page:
        return page.read().split("\n.Sh WORKERS\n")[0]


def check(instance, want, *words, stdin=""):
    done = instance.ctl_run(*words, stdin=stdin)
    ok(
        done.returncode == STATUS[want]
        and done.stderr.startswith("polytaskctl: ")
        and (want == "USAGE" or done.stderr.count("\n") == 1),
        f"{' '.join(words)}: {want}, and one line says why",
        done,
    )


def causes(instance):
    """With the service, and without it."""
    none = "11111111-2222-4333-8444-555555555555"
    check(instance, "NOT_FOUND", "token", "revoke", "never-made")
    check(instance, "NOT_FOUND", "user", "revoke", "nobody")
    check(instance, "NOT_FOUND", "key", "rotate", "never-made")
    check(instance, "NOT_FOUND", "task", "show", none)
    check(instance, "NOT_FOUND", "task", "watch", none)
    check(instance, "NOT_FOUND", "task", "cancel", "idol:77777")
    check(instance, "NOT_FOUND", "webhook", "show", none, "--tenant", "demo")
    check(instance, "REFUSED", "user", "add", "tester")
    task = instance.ctl("task", "create", "--dialect", "native", "--tenant", "demo").strip()
    equal(instance.ctl_run("task", "cancel", task).returncode, 0, "a task is cancelled")
    watched = instance.ctl_run("task", "watch", task)
    equal(watched.returncode, STATUS["FAILED"], "task watch: it was cancelled")
    task = instance.ctl("task", "create", "--dialect", "native", "--tenant", "demo").strip()
    watched = instance.ctl_run("task", "watch", task, "--timeout", "1")
    equal(watched.returncode, STATUS["NOT_YET"], "task watch: it has not ended")
    check(instance, "FAILED", "user", "expire", "tester", "--expires", "soon")
    check(instance, "FAILED", "import", stdin="x\n")
    check(instance, "USAGE", "user", "add")
    for words in (
        ("quota", "set", "demo"),
        ("export", "--all", "--salvage"),
        ("import", "--replace"),
        ("import", "--from", "idol", "--partial"),
        ("import", "tasks.json"),
        ("sign", "GET", "https://localhost/"),
        ("top", "now"),
        ("backup",),
    ):
        check(instance, "USAGE", *words)
    check(instance, "REFUSED", "backup", instance.dir)
    check(instance, "FAILED", "events", "--follow", "--after", "x", "--tenant", "demo")
    check(instance, "FAILED", "task", "watch", "x")


def running():
    instance = Instance(expect=("stuck", "exit"))
    instance.wait_serving()
    equal(instance.ctl_run("status").returncode, STATUS["DONE"], "status: it serves")
    causes(instance)
    kill(instance.daemon.pid, signal.SIGSTOP)
    check(instance, "NO_ANSWER", "status")
    check(instance, "NO_ANSWER", "reload")
    check(instance, "NO_ANSWER", "user", "list")
    check(instance, "NO_ANSWER", "task", "watch", "idol:1")
    check(instance, "NO_ANSWER", "backup", instance.dir + "/backup")
    kill(instance.daemon.pid, signal.SIGCONT)
    instance.stop("stopped")
    for verb in ("status", "stop", "reload"):
        check(instance, "NO_SERVICE", verb)
    causes(instance)
    busy(instance)
    strangers(instance)


def busy(instance):
    """A command that holds the home keeps others from it for 5 s."""
    conf = os.path.join(instance.dir, "polytask.conf")
    with subprocess.Popen(
        [POLYTASKCTL, "-c", conf, "import"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as holder:
        # It takes the locks a moment after its start.
        until(lambda: instance.ctl_run("user", "list").returncode != 0, 20)
        check(instance, "BUSY", "user", "list")
        holder.stdin.close()
        holder.wait(20)


def strangers(instance):
    """A user without rights is told what to be, with the service, without it, and at the start."""
    if os.getuid() != 0:
        skip("commands of another user", "the tests do not run as root")
        return
    conf = os.path.join(instance.dir, "polytask.conf")
    # The other user can read the configuration, but may not be able to execute the program where it is.
    os.chmod(instance.dir, 0o755)
    program = shutil.copy(POLYTASKCTL, os.path.join(instance.dir, "polytaskctl"))
    os.chmod(program, 0o755)
    target = os.path.join(instance.dir, "backup-of-a-stranger")
    for state in ("down", "up"):
        for words in (("user", "list"), ("task", "watch", "idol:1"), ("backup", target)):
            done = subprocess.run(
                [program, "-c", conf, *words], user=65534, group=65534, extra_groups=[],
                capture_output=True, text=True, timeout=30,
            )
            ok(
                done.returncode == STATUS["REFUSED"]
                and done.stderr.endswith("Permission denied (are you root or the service's user?)\n")
                and done.stderr.count("\n") == 1,
                f"{state}: {' '.join(words[:2])} of another user",
                done,
            )
        if state == "down":
            instance.start()
    instance.stop("strangers")


run_tests(manual, running)
