"""A reader of the feed, in a process of its own that may be killed at any time: it appends each event
to a file, one line of JSON, and goes on from the last complete line when it is started again.

Argument: a JSON object with host, port, cert, token, file, and way: "pages" or "stream".
"""
import http.client
import json
import os
import ssl
import sys
import time

WAIT = 5  # seconds of a long poll
TIMEOUT = 30  # seconds; a stream has a heartbeat in this time


def open_file(path):
    """The file, without an incomplete last line, and the place of the last one."""
    file = open(path, "a+b")
    file.seek(0)
    data = file.read()
    end = data.rfind(b"\n") + 1
    file.truncate(end)
    lines = data[:end].splitlines()
    return file, json.loads(lines[-1])["id"] if lines else None


class Reader:
    def __init__(self, wanted):
        self.wanted = wanted
        self.file, self.place = open_file(wanted["file"])
        self.tls = ssl.create_default_context(cafile=wanted["cert"])

    def note(self, line, place):
        """One write, so that a kill leaves the whole line or a part of it, and no later line."""
        os.write(self.file.fileno(), line + b"\n")
        self.place = place

    def ask(self, connection, path, **headers):
        headers["Authorization"] = "Bearer " + self.wanted["token"]
        connection.request("GET", "/v1/events" + path, headers=headers)
        answer = connection.getresponse()
        if answer.status == 200:
            return answer
        answer.read()
        if answer.status < 500:
            raise SystemExit(f"{path}: {answer.status}")
        raise OSError(f"{path}: {answer.status}")

    def read_pages(self, connection):
        while True:
            answer = self.ask(connection, f"?after={self.place}&wait={WAIT}&limit=100")
            page = json.loads(answer.read())
            for event in page["items"]:
                self.note(json.dumps(event).encode(), event["id"])
            if page["next"] != self.place:
                self.note(json.dumps({"id": page["next"]}).encode(), page["next"])

    def read_stream(self, connection):
        answer = self.ask(
            connection, "", Accept="text/event-stream", **{"Last-Event-ID": self.place}
        )
        members = {}
        for line in answer:
            line = line.rstrip(b"\r\n")
            name, _, value = line.partition(b": ")
            if line and name:
                members[name] = value
            elif not line and members.get(b"data") and b"event" not in members:
                self.note(members[b"data"], members[b"id"].decode())
            elif not line and b"id" in members:
                self.place = members[b"id"].decode()
            if not line:
                members = {}

    def run(self):
        read = self.read_pages if self.wanted["way"] == "pages" else self.read_stream
        while True:
            connection = http.client.HTTPSConnection(
                self.wanted["host"], self.wanted["port"], context=self.tls, timeout=TIMEOUT
            )
            try:
                if self.place is None:
                    place = json.loads(self.ask(connection, "?after=now").read())["next"]
                    self.note(json.dumps({"id": place}).encode(), place)
                read(connection)
            except (OSError, http.client.HTTPException, ValueError):
                time.sleep(0.1)
            finally:
                connection.close()


Reader(json.loads(sys.argv[1])).run()
