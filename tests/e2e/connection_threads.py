"""Threads of a test's own server: one that accepts, and one for each connection."""
import threading


def serve_connections(listener, serve):
    """Calls serve(connection) for each connection, until the listener is closed."""

    def accept():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
