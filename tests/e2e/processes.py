"""Processes and directories of a test, which end with it. Signals go to process ids only."""
import atexit
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


def find_program(name):
    return shutil.which(name, path=PATH)


_running = []
_directories = []


def start(argv, log, stdin=subprocess.DEVNULL, env=None, pass_fds=()):
    """A child that also ends when the test itself is killed."""
    wrapper = [find_program("setpriv"), "--pdeathsig", "TERM"] if find_program("setpriv") else []
    process = subprocess.Popen(
        wrapper + argv,
        stdin=stdin,
        stdout=log,
        stderr=log,
        env=env,
        pass_fds=pass_fds,
        start_new_session=True,
    )
    _running.append(process)
    return process


def finish(process, number, seconds):
    """Signals a child and waits; returns its exit status, or None if it had to be killed."""
    if process.poll() is None:
        process.send_signal(number)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return None
    return process.returncode


def _clean_up():
    for process in _running:
        # SIGTERM first: after SIGKILL nginx's workers would outlive their master.
        finish(process, signal.SIGTERM, 10)
    for directory in _directories:
        shutil.rmtree(directory, ignore_errors=True)


atexit.register(_clean_up)
signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))


def make_directory(prefix, parent=None):
    directory = tempfile.mkdtemp(prefix=prefix, dir=parent)
    _directories.append(directory)
    return directory


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def kill(pid, number):
    try:
        os.kill(pid, number)
        return True
    except ProcessLookupError:
        return False


def child_pids(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as children:
            return [int(word) for word in children.read().split()]
    except OSError:
        return []


def command_of(pid):
    """The command line, or the title; empty if the process has ended."""
    try:
        with open(f"/proc/{pid}/cmdline") as line:
            return line.read()
    except OSError:
        return ""


def start_of(pid):
    """When the process began: another one may have its number later. None: there is none."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[19]
    except OSError:
        return None
