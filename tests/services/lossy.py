"""A network that loses answers: a TCP proxy that lets requests pass and cuts the line before the answer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

_BLOCK = 65536


class Lossy:
    """The proxy.

    Attributes:
        host: Address of this machine that it listens on.
        port: Where it listens.
        lost: How many answers it has kept back.
        lose: Asked before each answer, with its number (from 0): whether to lose it.
    """

    def __init__(self, target: int, lose: Callable[[int], bool], host: str = "127.0.0.1") -> None:
        self.host = host
        self._target = target
        self.lose = lose
        self.lost = 0
        self._answers = 0
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._listening = socket.create_server((host, 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self) -> str:
        """The server as it is reached through the proxy."""
        return f"http://{self.host}:{self.port}"

    def close(self) -> None:
        """Take no more connections."""
        self._listening.close()

    def cut(self) -> None:
        """Cut every connection that is open now."""
        with self._lock:
            ends = list(self._open)
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        asked = threading.Event()
        try:
            server = socket.create_connection(("127.0.0.1", self._target))
        except OSError:
            client.close()
            return
        with self._lock:
            self._open |= {client, server}
        back = threading.Thread(target=self._answer, args=(server, client, asked), daemon=True)
        back.start()
        with suppress(OSError):
            while piece := client.recv(_BLOCK):
                asked.set()
                server.sendall(piece)
        _cut(server, client)
        with self._lock:
            self._open -= {client, server}

    def _answer(self, server: socket.socket, client: socket.socket, asked: threading.Event) -> None:
        with suppress(OSError):
            while piece := server.recv(_BLOCK):
                if asked.is_set():
                    asked.clear()
                    if self._loses():
                        break
                client.sendall(piece)
        _cut(server, client)

    def _loses(self) -> bool:
        with self._lock:
            number, self._answers = self._answers, self._answers + 1
            losing = self.lose(number)
            self.lost += losing
            return losing


def _cut(*ends: socket.socket) -> None:
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()


@contextmanager
def losing(target: int, lose: Callable[[int], bool], host: str = "127.0.0.1") -> Iterator[Lossy]:
    """A proxy in front of a port of this machine, as long as the block runs."""
    proxy = Lossy(target, lose, host)
    try:
        yield proxy
    finally:
        proxy.close()
