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
        port: Where it listens, on this machine.
        lost: How many answers it has kept back.
        lose: Asked before each answer, with its number (from 0): whether to lose it.
    """

    def __init__(self, target: int, lose: Callable[[int], bool]) -> None:
        self._target = target
        self.lose = lose
        self.lost = 0
        self._answers = 0
        self._lock = threading.Lock()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self) -> str:
        """The server as it is reached through the proxy."""
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        """Take no more connections."""
        self._listening.close()

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
        back = threading.Thread(target=self._answer, args=(server, client, asked), daemon=True)
        back.start()
        with suppress(OSError):
            while piece := client.recv(_BLOCK):
                asked.set()
                server.sendall(piece)
        _cut(server, client)

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
def losing(target: int, lose: Callable[[int], bool]) -> Iterator[Lossy]:
    """A proxy in front of a port of this machine, as long as the block runs."""
    proxy = Lossy(target, lose)
    try:
        yield proxy
    finally:
        proxy.close()
