"""Bytes between a client and a real server: only what is missing travels, through cuts, lost answers and kills."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from blake3 import blake3

from rollbook.blobs import BlobInfo, Blobs
from rollbook.model.digest import Digest
from rollbook.model.errors import NotFound, StorageFull
from rollbook.model.facts import Committed, NewVersion
from rollbook.model.manifest import Manifest, build, file_entry
from rollbook.model.wire import NewVersionDocument
from rollbook.sdk.remote import upload as uploads
from rollbook.sdk.remote.cache import BlobCache
from rollbook.sdk.remote.client import Client, project_path
from rollbook.sdk.remote.download import RemoteFetch
from rollbook.sdk.remote.remotefile import open_blob
from rollbook.sdk.remote.upload import RemoteUpload
from tests.services.proxy import Proxy, before, end
from tests.services.server import RollbookServer

MATH = project_path("local", "math")
ESSAYS = project_path("local", "essays")
MIB = 1024 * 1024


@pytest.fixture
def proxy(serve: RollbookServer) -> Iterator[Proxy]:
    with before(serve.port) as proxy:
        yield proxy


@pytest.fixture
def client(serve: RollbookServer, proxy: Proxy) -> Iterator[Client]:
    client = Client(proxy.address, serve.keys["analyst"])
    yield client
    client.close()


def noise(size: int, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(size)


def write(folder: Path, **files: bytes) -> list[Path]:
    folder.mkdir(exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return [folder / name for name in files]


def send(client: Client, paths: Sequence[Path], where: str = MATH) -> list[BlobInfo]:
    with RemoteUpload(client, where) as upload:
        infos = upload.add_files(paths)
        upload.add_bytes(manifest_of(paths, infos).stored_bytes())
        upload.commit()
    return infos


def manifest_of(paths: Sequence[Path], infos: Sequence[BlobInfo]) -> Manifest:
    return build(file_entry(path.name, info.digest, info.size) for path, info in zip(paths, infos, strict=True))


def log(client: Client, paths: Sequence[Path], where: str = MATH) -> list[BlobInfo]:
    """Send files and make a version of them."""
    infos = send(client, paths, where)
    manifest = manifest_of(paths, infos)
    new = NewVersion(project=where.rpartition("/")[2], collection="data", type="dataset", manifest=manifest)
    stored = Digest.of_raw("blake3", blake3(manifest.stored_bytes()).digest())
    client.send("POST", f"{where}/versions", Committed, NewVersionDocument.of(new, stored))
    return infos


def test_what_is_fetched_is_what_was_logged(client: Client, tmp_path: Path) -> None:
    files = {
        "empty": b"",
        "small": b"a" * 1000,
        "middle": noise(700_000),
        "text": b"1,2,3\n" * 400_000,
        "large": noise(40 * MIB),
    }
    paths = write(tmp_path / "in", **files)
    progress: list[int] = []
    infos = log(client, paths)
    target = tmp_path / "out"
    items = [(info.digest, target / path.name) for path, info in zip(paths, infos, strict=True)]
    RemoteFetch(client, MATH).fetch([*items, (infos[1].digest, target / "again" / "small")], progress=progress.append)
    assert {path.name: path.read_bytes() for path in target.iterdir() if path.is_file()} == files
    assert (target / "again" / "small").read_bytes() == files["small"]
    assert sum(progress) == sum(map(len, files.values()))


def test_one_percent_changed_sends_one_percent(client: Client, proxy: Proxy, tmp_path: Path) -> None:
    data = noise(32 * MIB)
    log(client, write(tmp_path, large=data))
    assert proxy.sent > len(data)
    proxy.sent = 0
    changed = data[:10_000_000] + noise(len(data) // 100, 7) + data[10_000_000:]
    log(client, write(tmp_path, large=changed))
    assert len(data) // 100 < proxy.sent < len(data) // 100 + MIB


def test_the_same_again_sends_nothing(client: Client, proxy: Proxy, tmp_path: Path) -> None:
    paths = write(tmp_path, **{f"f{number}": noise(50_000, number) for number in range(100)}, large=noise(20 * MIB))
    log(client, paths)
    proxy.sent = 0
    log(client, paths)
    assert proxy.sent < 100_000


def test_a_cut_costs_what_was_under_way(client: Client, proxy: Proxy, tmp_path: Path) -> None:
    data = noise(64 * MIB)
    proxy.cut_after = 30 * MIB
    (info,) = log(client, write(tmp_path, large=data))
    assert info.digest.raw == blake3(data).digest()
    assert proxy.cut_after is None
    assert proxy.sent < len(data) + 20 * MIB


def test_lost_answers_change_nothing(client: Client, proxy: Proxy, serve: RollbookServer, tmp_path: Path) -> None:
    data = noise(20 * MIB)
    proxy.lose_answers = 3
    (info,) = log(client, write(tmp_path, large=data))
    assert proxy.lose_answers == 0
    assert Blobs.open_local(serve.data_dir / "blobs", read_only=True).stats().logical_bytes < len(data) + MIB
    assert open_blob(client, MATH, info.digest).read(100) == data[:100]


def test_an_upload_survives_a_kill_of_the_server(
    client: Client, proxy: Proxy, serve: RollbookServer, tmp_path: Path
) -> None:
    data = noise(64 * MIB)
    proxy.cut_after = 30 * MIB
    restarted = threading.Event()

    def kill() -> None:
        serve.kill()
        threading.Thread(target=lambda: (serve.start(), restarted.set())).start()

    proxy.on_cut = kill
    (info,) = log(client, write(tmp_path, large=data))
    assert restarted.wait(60)
    assert proxy.sent < len(data) + 4 * uploads.BATCH_BYTES + MIB
    RemoteFetch(client, MATH).fetch([(info.digest, tmp_path / "back")])
    assert (tmp_path / "back").read_bytes() == data


def test_a_client_that_begins_again_sends_the_rest(
    client: Client, proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = noise(64 * MIB)
    paths = write(tmp_path, large=data)
    real = RemoteUpload._put
    left = iter(range(3))

    def dying(self, frames):
        if next(left, None) is None:
            raise KeyboardInterrupt
        real(self, frames)

    monkeypatch.setattr(RemoteUpload, "_put", dying)
    with pytest.raises(KeyboardInterrupt):
        log(client, paths)
    monkeypatch.undo()
    proxy.sent = 0
    log(client, paths)
    assert proxy.sent < len(data) - 2 * uploads.BATCH_BYTES


def test_many_send_the_same_at_once(client: Client, serve: RollbookServer, tmp_path: Path) -> None:
    paths = write(tmp_path, large=noise(5 * MIB), small=noise(3000, 1))
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: log(client, paths), range(8)))
    assert all(infos == found[0] for infos in found)
    stats = Blobs.open_local(serve.data_dir / "blobs", read_only=True).stats()
    assert stats.logical_bytes < 5 * 5 * MIB


def test_twenty_thousand_small_files(client: Client, tmp_path: Path) -> None:
    files = {f"f{number}": b"%d" % number * (number % 40) for number in range(20_000)}
    paths = write(tmp_path / "in", **files)
    infos = log(client, paths)
    RemoteFetch(client, MATH).fetch(
        [(info.digest, tmp_path / "out" / path.name) for path, info in zip(paths, infos, strict=True)]
    )
    assert all((tmp_path / "out" / name).read_bytes() == data for name, data in files.items())


def test_what_is_kept_here_is_not_fetched_again(client: Client, proxy: Proxy, tmp_path: Path) -> None:
    data = noise(3 * MIB)
    (info,) = log(client, write(tmp_path, file=data))
    cache = BlobCache(tmp_path / "cache")
    RemoteFetch(client, MATH, cache).fetch([(info.digest, tmp_path / "one")])
    proxy.received = 0
    RemoteFetch(client, MATH, cache).fetch([(info.digest, tmp_path / "two")])
    assert proxy.received < 10_000
    (tmp_path / "one").write_bytes(data[:-1] + b"x")  # the same file as what the cache keeps
    RemoteFetch(client, MATH, cache).fetch([(info.digest, tmp_path / "three")])
    assert (tmp_path / "three").read_bytes() == (tmp_path / "two").read_bytes() == data
    assert proxy.received > len(data)


def test_a_fetch_goes_on_where_it_was_cut(
    client: Client, proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = noise(40 * MIB)
    (info,) = log(client, write(tmp_path, file=data))
    proxy.received = 0
    cuts = [0]
    real = proxy._backward

    def cutting(server, client_socket, asked):
        if cuts[0] < 3:
            cuts[0] += 1
            left = 5 * MIB
            while left > 0 and (piece := server.recv(65536)):
                proxy.received += len(piece)
                left -= len(piece)
                client_socket.sendall(piece)
            end(client_socket, server)
            return
        real(server, client_socket, asked)

    monkeypatch.setattr(proxy, "_backward", cutting)
    client.close()
    RemoteFetch(client, MATH).fetch([(info.digest, tmp_path / "back")])
    assert cuts[0] == 3
    assert (tmp_path / "back").read_bytes() == data
    assert proxy.received < len(data) + 4 * MIB
    assert list(tmp_path.glob(".*")) == []


def test_a_blob_is_read_in_blocks(client: Client, proxy: Proxy, tmp_path: Path) -> None:
    data = noise(20 * MIB)
    large, small, empty = log(client, write(tmp_path, file=data, small=b"0123456789", empty=b""))
    proxy.received = 0
    with open_blob(client, MATH, large.digest) as file:
        file.seek(15_000_000)
        assert file.read(10) == data[15_000_000:15_000_010]
        assert file.seek(-5, 2) == len(data) - 5
        assert file.read() == data[-5:]
    assert proxy.received < 5 * MIB
    assert open_blob(client, MATH, small.digest).read() == b"0123456789"
    assert open_blob(client, MATH, empty.digest).read() == b""


def test_another_project_gives_nothing(client: Client, tmp_path: Path) -> None:
    (info,) = log(client, write(tmp_path, file=noise(2 * MIB)))
    log(client, write(tmp_path, other=b"x"), ESSAYS)
    with pytest.raises(NotFound):
        RemoteFetch(client, ESSAYS).fetch([(info.digest, tmp_path / "back")])
    with pytest.raises(NotFound):
        open_blob(client, ESSAYS, info.digest)
    with RemoteUpload(client, ESSAYS) as upload:
        assert upload.held([info.digest]) == set()
    assert not (tmp_path / "back").exists()


def test_a_full_disk_here_leaves_nothing(client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (info,) = log(client, write(tmp_path, file=noise(100_000)))

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", full)
        with pytest.raises(StorageFull):
            RemoteFetch(client, MATH).fetch([(info.digest, tmp_path / "back")])
    assert list(tmp_path.glob(".*")) == []
