"""polytaskctl help, --help, and what is said after a typing error; without a service."""
import re
import subprocess

from lib import POLYTASKCTL, run_tests
from tap import equal, ok


def ctl(*words):
    return subprocess.run(
        [POLYTASKCTL, *words], capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL
    )


def options(text):
    return set(re.findall(r"(?<![\w-])--([a-z][a-z0-9-]*)", text))


def commands():
    """The words of each command and its usage line, from the usage of all."""
    usage = ctl("--help").stdout
    entries = re.split(r"\n  (?=[a-z])", usage)[1:]
    for entry in entries:
        line = re.split(r"\n {8}(?=\S)", entry)[0]
        words = re.match(r"[a-z][a-z-]*( [a-z][a-z-]*)?", line).group().split()
        yield words, line


def every_command():
    """The options of the usage line, and those that are explained, are the same."""
    seen = 0
    for words, line in commands():
        done = ctl("help", *words)
        head, _, explained = done.stdout.partition("\n\nOptions:\n")
        named = set(re.findall(r"^  --([a-z0-9-]+)", explained, re.M))
        ok(
            done.returncode == 0
            and done.stdout.startswith("usage: polytaskctl " + " ".join(words))
            and named == options(line),
            f"help {' '.join(words)}",
            (done, named),
        )
        equal(ctl(*words, "--help").stdout, done.stdout, f"{' '.join(words)} --help: the same")
        seen += 1
    ok(seen > 50, "all commands", seen)


def groups():
    done = ctl("help", "user")
    ok(
        done.returncode == 0
        and re.findall(r"^  user ([a-z]+)", done.stdout, re.M) == ["add", "list", "revoke", "expire"],
        "help user: the commands that begin with it",
        done,
    )
    equal(ctl("user", "--help").stdout, done.stdout, "user --help: the same")
    equal(ctl("help").stdout, ctl("--help").stdout, "help without a command: that of --help")
    equal(
        ctl("help", "user", "add").stdout,
        ctl("user", "add", "ann", "--tenant", "x", "--help").stdout,
        "--help behind operands and options",
    )


def typing_errors():
    for words, reason, meant in (
        (("usr", "add"), "unknown command 'usr'", "user"),
        (("stauts",), "unknown command 'stauts'", "status"),
        (("wrok",), "unknown command 'wrok'", "work"),
        (("user", "ad", "ann"), "subcommands of 'user'", "user add"),
        (("webhook", "redelvier"), "subcommands of 'webhook'", "webhook redeliver"),
        (("help", "tsk"), "unknown command 'tsk'", "task"),
        (("help", "task", "lits"), "unknown command 'task lits'", "task list"),
        (("task", "list", "--tennant", "x"), "unrecognized option '--tennant'", "--tenant"),
        (("sign", "--conten-type=x", "GET", "u"), "unrecognized option", "--content-type"),
        (("task", "list", "--josn"), "unrecognized option '--josn'", "--json"),
    ):
        done = ctl(*words)
        ok(
            done.returncode == 2
            and reason in done.stderr
            and f"polytaskctl: did you mean '{meant}'?\n" in done.stderr
            and not done.stdout,
            f"{' '.join(words)}: {meant}",
            done,
        )
    for words in (
        ("fly",),
        ("user", "fly"),
        ("help", "fly"),
        ("status", "--fly"),
        ("user", "add", "ann", "--tenant"),
        ("status", "--json=1"),
    ):
        done = ctl(*words)
        ok(
            done.returncode == 2 and done.stderr and "did you mean" not in done.stderr,
            f"{' '.join(words)}: nothing is near",
            done,
        )
    done = ctl("status", "--tenant", "x")
    ok(
        done.returncode == 2
        and done.stderr
        == "polytaskctl: 'status' has no option --tenant\nusage: polytaskctl status [--json]\n",
        "an option of other commands is named",
        done,
    )


run_tests(every_command, groups, typing_errors, needs=())
