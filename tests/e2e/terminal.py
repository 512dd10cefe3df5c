"""A program at a pseudo terminal: what it prints there, keys that are typed, and its size."""
import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time


class Terminal:
    """Runs the command with the terminal as its standard input, output and error.

    stdin, stdout: other files instead, as for subprocess. Its text is in `text`, with the carriage
    returns of the terminal.
    """

    def __init__(self, argv, rows=24, columns=80, stdin=None, stdout=None):
        self.master, slave = pty.openpty()
        self.text = ""
        self.resize(rows, columns)
        self.before = termios.tcgetattr(self.master)
        self.process = subprocess.Popen(
            argv,
            stdin=slave if stdin is None else stdin,
            stdout=slave if stdout is None else stdout,
            stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(slave, termios.TIOCSCTTY, 0),
        )
        self.slave = slave

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, keys):
        os.write(self.master, keys.encode())

    def modes(self):
        return termios.tcgetattr(self.master)

    def restored(self):
        """Whether the terminal has the modes with which the program began."""
        return self.modes() == self.before

    def read(self, seconds=0.1):
        """Takes what is printed within this time."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if not select.select([self.master], [], [], left)[0]:
                break
            try:
                self.text += os.read(self.master, 65536).decode("utf-8", "replace")
            except OSError:
                break
        return self.text

    def wait_for(self, text, seconds=10):
        """Whether the text is printed within this time."""
        deadline = time.monotonic() + seconds
        while text not in self.text and time.monotonic() < deadline:
            self.read(0.1)
        return text in self.text

    def end(self, seconds=20):
        """The exit status; reads until the end, so that the program is not blocked."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < deadline:
            self.read(0.1)
        if self.process.poll() is None:
            self.process.kill()
        status = self.process.wait()
        self.read(0.2)
        return status

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.slave)
        os.close(self.master)
