"""A network that fails: a proxy between a client and a server that counts, cuts connections and loses answers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

_PIECE = 64 * 1024


class Proxy:
    """Passes bytes on to a port of this machine, connection by connection.

    Attributes:
        address: Its own base URL.
        sent: Bytes that clients sent.
        received: Bytes that clients received.
        cut_after: Connections are cut when a client has sent so many bytes in all; None for never. It counts once.
        lose_answers: So many answers to large requests are lost: the server did its part, and the client never knows.
    """

    def __init__(self, port: int) -> None:
        self.sent = self.received = 0
        self.cut_after: int | None = None
        self.lose_answers = 0
        self.on_cut: Callable[[], None] = lambda: None
        self._port = port
        self._lock = threading.Lock()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self._port))
        except OSError:
            client.close()
            return
        asked = [0]
        back = threading.Thread(target=self._backward, args=(server, client, asked), daemon=True)
        back.start()
        self._forward(client, server, asked)
        back.join()
        client.close()
        server.close()

    def _forward(self, client: socket.socket, server: socket.socket, asked: list[int]) -> None:
        with suppress(OSError):
            while data := client.recv(_PIECE):
                with self._lock:
                    self.sent += len(data)
                    asked[0] += len(data)
                    cut = self.cut_after is not None and self.sent >= self.cut_after
                    if cut:
                        self.cut_after = None
                if cut:
                    self.on_cut()
                    end(client, server)
                    return
                server.sendall(data)
        end(client, server)

    def _backward(self, server: socket.socket, client: socket.socket, asked: list[int]) -> None:
        with suppress(OSError):
            while data := server.recv(_PIECE):
                with self._lock:
                    lost = self.lose_answers > 0 and asked[0] > _PIECE
                    self.lose_answers -= lost
                    self.received += 0 if lost else len(data)
                    asked[0] = 0
                if lost:
                    break
                client.sendall(data)
        end(client, server)


def end(*sockets: socket.socket) -> None:
    """End connections, also where another thread waits for what comes."""
    for one in sockets:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)


@contextmanager
def before(port: int) -> Iterator[Proxy]:
    """A proxy in front of a port, for the length of the block."""
    proxy = Proxy(port)
    try:
        yield proxy
    finally:
        proxy.close()
