"""Completion of polytaskctl: bash and zsh with the scripts, which have every command and option."""
import os
import re
import shutil
import subprocess
import tempfile

from lib import POLYTASKCTL, run_tests
from tap import equal, ok, skip

# Completes the words after the name of the program, of which the last one may be empty.
BASH = r"""
set -u
. "$SCRIPT"
COMP_WORDS=(polytaskctl "$@") COMP_CWORD=$#
_polytaskctl
printf '%s\n' "${COMPREPLY[@]}"
"""

# Without the completion system of zsh: compadd prints what it would offer.
ZSH = r"""
compdef() { :; }
compset() { [[ $2 == '*=' ]] && words[CURRENT]=${words[CURRENT]#*=}; return 0 }
compadd() { while [[ $1 != -- ]]; do shift; done; shift; print -l -- "$@" }
_files() { print "files $*" }
. $SCRIPT
words=(polytaskctl "$@") CURRENT=$(( $# + 1 ))
_polytaskctl
"""


def ctl(*words):
    return subprocess.run([POLYTASKCTL, *words], capture_output=True, text=True, timeout=20)


class Shell:
    def __init__(self, name, program):
        self.name = name
        self.program = program
        self.script = tempfile.NamedTemporaryFile("w", suffix=".sh")
        done = ctl("completion", name)
        equal((done.returncode, done.stderr), (0, ""), f"completion {name}")
        self.script.write(done.stdout)
        self.script.flush()

    def check(self):
        done = subprocess.run([self.name, "-n", self.script.name], capture_output=True, text=True)
        equal((done.returncode, done.stderr), (0, ""), f"{self.name} -n accepts the script")

    def complete(self, *words):
        done = subprocess.run(
            [self.name, "-c", self.program, "shell", *words],
            env={**os.environ, "SCRIPT": self.script.name},
            capture_output=True,
            text=True,
            timeout=20,
        )
        ok(not done.stderr, f"{self.name}: {' '.join(words)}: no error", done.stderr)
        return done.stdout.split()

    def starts(self, *words):
        """What is offered and begins as the last word does; zsh itself leaves out the others."""
        last = re.split("[=,]", words[-1])[-1]
        return [word for word in self.complete(*words) if word.split(",")[-1].startswith(last)]


def check_words(shell):
    name = shell.name
    for words, want in (
        (("sta",), ["status"]),
        (("re",), ["reload", "restore", "reindex", "repair"]),
        (("user", ""), ["add", "list", "revoke", "expire"]),
        (("webhook", "re"), ["remove", "redeliver"]),
        (("-c", "user", "tok"), ["token"]),
        (("--config=x", "tok"), ["token"]),
        (("help", "tas"), ["task"]),
        (("help", "task", "c"), ["create", "cancel", "count"]),
        (("completion", ""), ["bash", "zsh"]),
        (("status", ""), []),
        (("user", "add", ""), []),
        (("user", "add", "--te"), ["--tenant"]),
        (("token", "add", "ann", "--e"), ["--expires"]),
        (("status", "--j"), ["--json"]),
        (("status", "--c"), ["--config"]),
        (("work", "--si"), ["--simulate"]),
        (("--he",), ["--help"]),
        (("task", "list", "--dialect", "id"), ["idol"]),
        (("import", "--from", "vi"), ["virtshell", "vionlabs"]),
        (("task", "list", "--state", "f"), ["failed"]),
        (("task", "list", "--tenant", ""), []),
        (("task", "list", "--tenant", "list", "--state", "f"), ["failed"]),
        (("work", "--", "/bin/"), []),
    ):
        equal(shell.starts(*words), want, f"{name}: {' '.join(words)!r}")


def check_all(shell):
    """Every command of the usage, and every option of its help."""
    usage = ctl("--help").stdout
    for entry in re.split(r"\n  (?=[a-z])", usage)[1:]:
        words = re.match(r"[a-z][a-z-]*( [a-z][a-z-]*)?", entry).group().split()
        ok(words[-1] in shell.complete(*words[:-1], ""), f"{shell.name}: {' '.join(words)}")
        explained = re.findall(r"^  --([a-z0-9-]+)", ctl("help", *words).stdout, re.M)
        offered = [word[2:] for word in shell.complete(*words, "--")]
        ok(
            set(explained) <= set(offered) and len(offered) == len(explained) + 4,
            f"{shell.name}: {' '.join(words)}: the options",
            (explained, offered),
        )


def bash():
    shell = Shell("bash", BASH)
    shell.check()
    check_words(shell)
    # As bash splits the words.
    equal(shell.complete("task", "list", "--dialect", "=", "vi"), ["virtshell", "vionlabs"], "=")
    equal(shell.complete("task", "list", "--dialect", "="), shell.complete("task", "list", "--dialect", ""), "= alone")
    equal(shell.complete("task", "list", "--state", "failed,c"), ["failed,cancelled"], "a list")
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(os.path.join(folder, "backups"))
        with open(os.path.join(folder, "backup.conf"), "w", encoding="utf-8"):
            pass
        equal(shell.complete("restore", folder + "/ba"), [folder + "/backups"], "a directory")
        equal(len(shell.complete("-c", folder + "/ba")), 2, "a file")
        for option in ("--from", "--to"):
            equal(shell.complete("copy", option, folder + "/ba"), [folder + "/backups"], f"copy {option}: a directory")
    check_all(shell)


def zsh():
    if not shutil.which("zsh"):
        skip("zsh", "zsh is not installed")
        return
    shell = Shell("zsh", ZSH)
    shell.check()
    check_words(shell)
    equal(shell.starts("task", "list", "--dialect=vi"), ["virtshell", "vionlabs"], "--option=value")
    equal(shell.complete("restore", ""), ["files", "-/"], "a directory")
    check_all(shell)


def others():
    done = ctl("completion", "fish")
    ok(done.returncode == 1 and "bash or zsh" in done.stderr, "another shell is refused", done)
    equal(ctl("completion").returncode, 2, "no shell: a usage error")


run_tests(bash, zsh, others, needs=("bash",))
