"""HTTP/2 connections with many streams at once, whose answers may stay unread."""
import socket
import ssl
import time

from raw_http import h2


class Http2:
    """One connection. window: bytes of each answer that the server may send; address: the client's."""

    def __init__(self, instance, window=65535, address="127.0.0.1"):
        context = ssl.create_default_context(cafile=instance.cert)
        context.set_alpn_protocols(["h2"])
        self.plain = socket.create_connection(
            ("127.0.0.1", instance.port), timeout=20, source_address=(address, 0)
        )
        self.tls = context.wrap_socket(self.plain, server_hostname="localhost")
        self.state = h2.connection.H2Connection(
            h2.config.H2Configuration(header_encoding="latin-1")
        )
        self.state.initiate_connection()
        code = h2.settings.SettingCodes.INITIAL_WINDOW_SIZE
        self.state.update_settings({code: window})
        self.found = {}  # status by stream
        self.open = set()
        # The server's limit of streams comes first.
        self.send()
        self.receive(lambda: self.state.remote_settings.max_concurrent_streams < 1000, 20)

    def request(self, fields):
        """Begins a stream without sending it yet."""
        stream = self.state.get_next_available_stream_id()
        self.state.send_headers(stream, fields, end_stream=True)
        self.open.add(stream)
        return stream

    def reset(self, stream):
        self.state.reset_stream(stream, h2.errors.ErrorCodes.CANCEL)
        self.open.discard(stream)

    def send(self):
        self.tls.sendall(self.state.data_to_send())

    def receive(self, done, seconds):
        """Reads until done() or the end of the connection; False after the time."""
        end = time.monotonic() + seconds
        while not done():
            self.tls.settimeout(max(0.01, end - time.monotonic()))
            try:
                data = self.tls.recv(65536)
            except (TimeoutError, ssl.SSLWantReadError):
                return False
            except OSError:
                return True
            if not data:
                return True
            for event in self.state.receive_data(data):
                self.take(event)
            self.send()
        return True

    def take(self, event):
        if isinstance(event, h2.events.ResponseReceived):
            self.found[event.stream_id] = int(dict(event.headers)[":status"])
        if isinstance(event, (h2.events.StreamEnded, h2.events.StreamReset)):
            self.open.discard(event.stream_id)

    def statuses(self, seconds):
        """The statuses of all streams that begin an answer in this time."""
        self.receive(lambda: not self.open - set(self.found), seconds)
        return list(self.found.values())

    def close(self):
        self.tls.close()
