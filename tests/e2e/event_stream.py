"""A client of a stream of events (GET /v1/events), in a thread: the events as they come."""
import http.client
import json
import socket
import ssl
import threading
import time

EVENTS = "/v1/events"


class Stream(threading.Thread):
    """Reads one response until its end; status, headers, events (id, data), comments."""

    def __init__(self, instance, query="", last=None, token=None, pause=None, method="GET"):
        super().__init__(daemon=True)
        self.events, self.places, self.comments = [], [], 0
        self.status, self.headers, self.body, self.retry = None, {}, b"", None
        self.ended, self.pause, self.error = False, pause, None
        self.reads = threading.Event()  # while it is clear, nothing is read
        self.reads.set()
        context = ssl.create_default_context(cafile=instance.cert)
        self.connection = http.client.HTTPSConnection(instance.host, timeout=60, context=context)
        headers = {
            "Accept": "text/event-stream",
            "Authorization": f"Bearer {token or instance.token}",
        }
        if last is not None:
            headers["Last-Event-ID"] = last
        self.connection.request(method, EVENTS + query, headers=headers)
        self.response = self.connection.getresponse()
        self.status, self.headers = self.response.status, dict(self.response.headers)
        if self.status == 200:
            self.start()
        else:
            self.body = self.response.read()

    def run(self):
        try:
            self._read()
        except (OSError, http.client.HTTPException, ValueError, AttributeError) as error:
            self.error = error
        self.ended = True

    def _read(self):
        identifier, data, kind = "", "", ""
        while line := self.response.readline():
            self.reads.wait()
            if self.pause:
                time.sleep(self.pause)
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name.startswith(":"):
                self.comments += 1
            elif name == "id":
                identifier = value
            elif name == "event":
                kind = value
            elif name == "data":
                data += value
            elif name == "retry":
                self.retry = int(value)
            elif not name:
                self.places.append(identifier)
                if data and not kind:
                    self.events.append((identifier, json.loads(data)))
                data, kind = "", ""

    def close(self):
        """Ends the thread first: close() of http.client waits for its read, which may take a minute."""
        self.reads.set()
        if self.connection.sock:
            # Not SSLSocket's own shutdown(): that is not made for another thread's read.
            socket.socket.shutdown(self.connection.sock, socket.SHUT_RDWR)
        if self.is_alive():
            self.join()
        self.connection.close()

    def last(self):
        """The id that an EventSource would send."""
        return self.places[-1] if self.places else None

    def ids(self):
        return [identifier for identifier, _ in list(self.events)]
