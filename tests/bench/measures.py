"""What processes use: processor time, and system calls."""
import glob
import os
import signal
import subprocess

from tap import until


def processor_times(pids):
    """In ns, of each thread, by the path of its figures."""
    times = {}
    for path in (path for pid in pids for path in glob.glob(f"/proc/{pid}/task/*/schedstat")):
        try:
            with open(path) as file:
                times[path] = int(file.read().split()[0])
        except OSError:
            continue
    return times


def processor_ns(pids):
    return sum(processor_times(pids).values())


def processor_ns_since(before, pids):
    """Since processor_times(); without threads that have ended or are new."""
    times = processor_times(pids)
    return sum(times[path] - before[path] for path in before.keys() & times.keys())


def is_traced(pid):
    with open(f"/proc/{pid}/status") as status:
        return "TracerPid:\t0\n" not in status.read()


def count_calls(pids, names, table, work):
    """The numbers of these system calls while work() runs, and its result; strace slows it down.

    table: the path of a file for strace.
    """
    tracer = subprocess.Popen(
        ["strace", "-f", "-c", "-e", "trace=" + ",".join(names), "-o", table]
        + [word for pid in pids for word in ("-p", str(pid))],
        stderr=subprocess.DEVNULL,
    )
    until(lambda: all(map(is_traced, pids)), 10, 0.05)
    result = work()
    tracer.send_signal(signal.SIGINT)
    tracer.wait()
    calls = dict.fromkeys(names, 0)
    with open(table) as lines:
        for words in map(str.split, lines):
            if words and words[-1] in calls:
                calls[words[-1]] += int(words[3])
    return calls, result
