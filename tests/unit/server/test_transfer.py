"""Bytes over HTTP: what is asked, sent and fetched, and what is refused."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from blake3 import blake3
from starlette.testclient import TestClient

from rollbook.app import commits, transfer
from rollbook.app.register import Register
from rollbook.blobs import Frame, FrameReader, write_frames
from rollbook.blobs.chunker import cut
from rollbook.blobs.codec import Encoder
from rollbook.blobs.frames import LARGE
from rollbook.blobs.kinds import RAW, RECIPE, ZSTD
from rollbook.blobs.recipe import RecipeBuilder
from rollbook.model.digest import Digest
from rollbook.model.facts import NewVersion
from rollbook.model.manifest import build, file_entry
from rollbook.model.permission import Actor

MATH = "/api/v1/projects/local/math"
ESSAYS = "/api/v1/projects/local/essays"
SignIn = Callable[[Actor], None]
ANA = Actor("user:ana", "local", "analyst")
BO = Actor("user:bo", "local", "analyst")


@pytest.fixture(autouse=True)
def signed_in(sign_in: SignIn) -> None:
    sign_in(ANA)


def noise(size: int, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(size)


def raw(data: bytes) -> bytes:
    return blake3(data).digest()


def chunk(data: bytes) -> Frame:
    return Frame(raw(data), RAW, len(data), data)


def cut_up(data: bytes) -> tuple[list[Frame], Frame]:
    """The chunks of a blob, compressed where that helps, and its recipe."""
    encoder, recipe, frames = Encoder(), RecipeBuilder(), []
    for piece in cut(memoryview(data), final=True):
        entry = encoder.encode(raw(bytes(piece)), piece)
        recipe.add(entry.digest, entry.plain)
        frames.append(Frame(entry.digest, entry.kind, entry.plain, entry.payload))
    return frames, Frame(raw(data), RECIPE, len(data), bytes(recipe.payload))


def stream(frames: Iterable[Frame]) -> bytes:
    return b"".join(write_frames(frames, 1 << 20))


def send(client: TestClient, frames: Iterable[Frame], where: str = MATH) -> Any:
    return client.put(f"{where}/upload", content=stream(frames))


def missing(client: TestClient, names: Sequence[bytes], where: str = MATH) -> list[bool]:
    answer = client.post(f"{where}/upload/missing", content=b"".join(names))
    assert answer.status_code == 200, answer.text
    bits = "".join(f"{byte:08b}" for byte in answer.content)
    assert len(answer.content) == (len(names) + 7) // 8
    return [bit == "1" for bit in bits[: len(names)]]


def commit(register: Register, data: bytes, project: str = "math") -> Digest:
    with register.blobs.writer() as writer:
        blob = writer.add_bytes(data)
        writer.commit()
    manifest = build([file_entry("file.bin", blob.digest, blob.size)])
    commits.commit(register, NewVersion(project=project, collection="data", type="dataset", manifest=manifest))
    return blob.digest


class TestSending:
    def test_what_was_sent_is_no_longer_missing(self, client: TestClient) -> None:
        data = noise(1000)
        assert missing(client, [raw(data), raw(b"other")]) == [True, True]
        answer = send(client, [chunk(data)])
        assert (answer.status_code, answer.json()) == (200, {"entries": 1})
        assert missing(client, [raw(data), raw(b"other")]) == [False, True]

    def test_a_cut_blob_is_put_together_and_can_be_read(self, client: TestClient, register: Register) -> None:
        data = noise(600_000) + bytes(600_000)
        frames, recipe = cut_up(data)
        assert {frame.kind for frame in frames} == {RAW, ZSTD}
        assert send(client, [*frames, recipe]).status_code == 200
        assert register.blobs.read(Digest.of_raw("blake3", recipe.digest)) == data

    def test_sending_again_changes_nothing(self, client: TestClient, register: Register) -> None:
        frames, recipe = cut_up(noise(500_000))
        send(client, [*frames, recipe])
        before = register.blobs.stats()
        assert send(client, [*frames, recipe]).status_code == 200
        assert register.blobs.stats() == before

    def test_recipes_may_follow_in_another_request(self, client: TestClient) -> None:
        frames, recipe = cut_up(noise(500_000))
        send(client, frames)
        assert send(client, [recipe]).status_code == 200
        assert missing(client, [recipe.digest]) == [False]

    def test_an_empty_blob_is_a_blob(self, client: TestClient) -> None:
        assert send(client, [chunk(b"")]).status_code == 200
        assert missing(client, [raw(b"")]) == [False]

    def test_nothing_can_be_sent(self, client: TestClient) -> None:
        assert send(client, []).json() == {"entries": 0}
        assert missing(client, []) == []

    def test_a_version_may_name_what_its_maker_sent(self, client: TestClient, register: Register) -> None:
        data = noise(1000)
        digest = Digest.of_raw("blake3", raw(data))
        assert not transfer.holds(register, "math", [digest])
        send(client, [chunk(data)])
        assert transfer.holds(register, "math", [digest])


class TestRefusals:
    def refused(self, client: TestClient, frames: Iterable[Frame], words: str) -> None:
        answer = send(client, frames)
        assert answer.status_code == 422, answer.text
        assert words in answer.json()["error"]["message"]

    def test_a_changed_chunk(self, client: TestClient, register: Register) -> None:
        data = noise(1000)
        self.refused(client, [Frame(raw(data), RAW, 1000, data[:-1] + b"x")], "other bytes")
        assert missing(client, [raw(data)]) == [True]
        assert register.blobs.stats().packs == 0

    def test_a_compressed_bomb(self, client: TestClient) -> None:
        bomb = Encoder().encode(raw(bytes(1 << 22)), bytes(1 << 22))
        assert bomb.kind == ZSTD
        self.refused(client, [Frame(bomb.digest, ZSTD, 100_000, bomb.payload)], "another length")
        self.refused(client, [Frame(bomb.digest, ZSTD, 1 << 22, bomb.payload)], "more than 262,144")

    def test_a_recipe_that_makes_something_else(self, client: TestClient, register: Register) -> None:
        """Whoever could publish it would decide what everybody reads under that name."""
        frames, recipe = cut_up(noise(500_000))
        victim = raw(b"what another project will log")
        self.refused(client, [*frames, recipe._replace(digest=victim)], "do not make up")
        assert not register.blobs.has(Digest.of_raw("blake3", victim))

    def test_a_recipe_whose_chunks_were_not_sent(self, client: TestClient) -> None:
        frames, recipe = cut_up(noise(500_000))
        self.refused(client, [*frames[1:], recipe], "was not sent to project")

    def test_a_recipe_of_chunks_that_only_another_project_holds(self, client: TestClient, register: Register) -> None:
        data = noise(500_000)
        commit(register, data, "essays")
        self.refused(client, [cut_up(data)[1]], "was not sent to project")

    def test_a_recipe_that_lies_about_lengths(self, client: TestClient) -> None:
        frames, recipe = cut_up(noise(500_000))
        first, second = frames[0], frames[1]
        lying = RecipeBuilder()
        lying.add(first.digest, first.plain - 1)
        lying.add(second.digest, second.plain + 1)
        for frame in frames[2:]:
            lying.add(frame.digest, frame.plain)
        self.refused(client, [*frames, recipe._replace(payload=bytes(lying.payload))], "is said to hold chunk")

    def test_a_recipe_for_what_is_one_chunk(self, client: TestClient) -> None:
        """It would stand where others look for the chunk."""
        piece = next(bytes(one) for one in cut(memoryview(noise(500_000)), final=True) if len(one) > 64 * 1024)
        halves = [piece[:50_000], piece[50_000:]]
        recipe = RecipeBuilder()
        for half in halves:
            recipe.add(raw(half), len(half))
        frames = [*map(chunk, halves), Frame(raw(piece), RECIPE, len(piece), bytes(recipe.payload))]
        self.refused(client, frames, "is one chunk")

    @pytest.mark.parametrize("payload", [b"", b"x" * 35, bytes(36)])
    def test_what_is_no_recipe(self, client: TestClient, payload: bytes) -> None:
        answer = send(client, [Frame(raw(b"x"), RECIPE, 100_000, payload)])
        assert answer.status_code == 422

    @pytest.mark.parametrize("kind", [3, 4, 77, LARGE])
    def test_kinds_that_cannot_be_sent(self, client: TestClient, kind: int) -> None:
        assert send(client, [Frame(raw(b""), kind, 0, b"")]).status_code == 422

    def test_a_stream_that_was_cut_off(self, client: TestClient) -> None:
        data = noise(1000)
        whole = stream([chunk(data)])
        for length in range(0, len(whole), 37):
            assert client.put(f"{MATH}/upload", content=whole[:length]).status_code == 422
        assert missing(client, [raw(data)]) == [True]

    def test_a_stream_that_goes_on(self, client: TestClient) -> None:
        whole = stream([chunk(b"x")])
        assert client.put(f"{MATH}/upload", content=whole + bytes(100)).status_code == 422

    def test_more_than_one_request_may_carry(self, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("rollbook.server.api.transfer.MAX_STREAM", 10_000)
        assert send(client, [chunk(noise(20_000))]).status_code == 413

    def test_who_waits_too_long_is_told_to_come_back(self, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("rollbook.server.api.transfer.MAX_RECEIVING", 0)
        monkeypatch.setattr("rollbook.server.api.transfer.WAIT_SECONDS", 0.01)
        answer = send(client, [chunk(b"x")])
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")

    def test_more_questions_than_one_request_may_ask(self, client: TestClient) -> None:
        too_many = client.post(f"{MATH}/upload/missing", content=bytes(32 * (transfer.MAX_ASKED + 1)))
        assert too_many.status_code == 413
        assert client.post(f"{MATH}/upload/missing", content=bytes(33)).status_code == 422


class TestWhoKnowsWhat:
    def test_a_project_knows_what_its_versions_hold(self, client: TestClient, register: Register) -> None:
        data = noise(500_000)
        blob = commit(register, data)
        frames, _ = cut_up(data)
        assert not any(missing(client, [blob.raw, *(frame.digest for frame in frames)]))

    def test_it_learns_of_versions_that_come_later(self, client: TestClient, register: Register) -> None:
        first, second = noise(200_000, 1), noise(300_000, 2)
        commit(register, first)
        assert missing(client, [raw(first), raw(second)]) == [False, True]
        commit(register, second)
        assert missing(client, [raw(first), raw(second)]) == [False, False]

    def test_it_is_not_told_what_others_hold(self, client: TestClient, register: Register) -> None:
        data = noise(1000)
        commit(register, data, "essays")
        assert missing(client, [raw(data)]) == [True]
        assert missing(client, [raw(data)], ESSAYS) == [False]
        send(client, [chunk(data)])
        assert missing(client, [raw(data)]) == [False]

    def test_nobody_may_use_what_somebody_else_sent(self, client: TestClient, sign_in: SignIn) -> None:
        data = noise(1000)
        send(client, [chunk(data)])
        sign_in(BO)
        assert missing(client, [raw(data)]) == [True]

    def test_what_was_sent_counts_for_a_day(
        self, client: TestClient, register: Register, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        data = noise(1000)
        send(client, [chunk(data)])
        monkeypatch.setattr(transfer, "MARGIN_US", transfer.LIFETIME_US)
        assert missing(client, [raw(data)]) == [True]
        assert transfer.forget_expired(register) == 0

    def test_a_lost_cache_is_made_again(self, client: TestClient, register: Register) -> None:
        blob = commit(register, noise(1000))
        assert missing(client, [blob.raw]) == [False]
        for path in sorted((register.root / "cache" / "projects").rglob("*"), reverse=True):
            path.unlink() if path.is_file() else path.rmdir()
        assert missing(client, [blob.raw]) == [False]

    def test_who_may_not_write_may_not_ask(self, client: TestClient, sign_in: SignIn) -> None:
        sign_in(Actor("user:eve", "local", "viewer"))
        assert client.post(f"{MATH}/upload/missing", content=bytes(32)).status_code in (403, 404)
        assert send(client, [chunk(b"x")]).status_code in (403, 404)

    def test_a_derived_version_may_name_what_its_maker_may_read(self, register: Register) -> None:
        blob = commit(register, noise(1000), "essays")
        commit(register, b"x")
        sees_both = replace(register, actor=ANA)
        sees_one = replace(register, actor=Actor("user:bo", "local", None, {"math": ("analyst",)}))
        assert transfer.holds(sees_both, "math", [blob])
        assert not transfer.holds(sees_one, "math", [blob])
        assert not transfer.holds(sees_both, "math", [Digest("blake3", "0" * 64)])


class TestFetching:
    def test_a_blob(self, client: TestClient, register: Register) -> None:
        data = noise(3_000_000)
        answer = client.get(f"{MATH}/blobs/{commit(register, data)}")
        assert (answer.status_code, answer.content) == (200, data)
        assert answer.headers["Content-Disposition"] == "attachment"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Content-Type"] == "application/octet-stream"

    @pytest.mark.parametrize(
        ("header", "start", "stop"),
        [
            ("bytes=0-0", 0, 1),
            ("bytes=100-", 100, 300_000),
            ("bytes=-10", 299_990, 300_000),
            ("bytes=5-9999999", 5, 300_000),
        ],
    )
    def test_a_range(self, client: TestClient, register: Register, header: str, start: int, stop: int) -> None:
        data = noise(300_000)
        answer = client.get(f"{MATH}/blobs/{commit(register, data)}", headers={"Range": header})
        assert (answer.status_code, answer.content) == (206, data[start:stop])
        assert answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/300000"
        assert answer.headers["Rollbook-Blake3"] == blake3(data[start:stop]).hexdigest()

    @pytest.mark.parametrize("header", ["bytes=0-1,5-6", "lines=1-2", "bytes=9-1", "bytes=-", "bytes=x-"])
    def test_what_is_no_single_range_is_ignored(self, client: TestClient, register: Register, header: str) -> None:
        answer = client.get(f"{MATH}/blobs/{commit(register, b'0123456789')}", headers={"Range": header})
        assert (answer.status_code, answer.content) == (200, b"0123456789")

    @pytest.mark.parametrize("header", ["bytes=10-", "bytes=-0", "bytes=11-20"])
    def test_a_range_behind_the_end(self, client: TestClient, register: Register, header: str) -> None:
        answer = client.get(f"{MATH}/blobs/{commit(register, b'0123456789')}", headers={"Range": header})
        assert answer.status_code == 416
        assert answer.headers["Content-Range"] == "bytes */10"

    def test_only_its_size(self, client: TestClient, register: Register) -> None:
        answer = client.head(f"{MATH}/blobs/{commit(register, noise(1000))}")
        assert (answer.headers["Content-Length"], answer.content) == ("1000", b"")

    def test_of_another_project_nothing_is_known(self, client: TestClient, register: Register) -> None:
        blob = commit(register, noise(1000), "essays")
        commit(register, b"x")
        hidden = client.get(f"{MATH}/blobs/{blob}")
        absent = client.get(f"{MATH}/blobs/blake3:{'0' * 64}")
        assert (hidden.status_code, absent.status_code) == (404, 404)
        assert hidden.json()["error"]["message"].replace(blob.hex, "") == absent.json()["error"]["message"].replace(
            "0" * 64, ""
        )

    def test_what_was_only_sent_cannot_be_fetched(self, client: TestClient, register: Register) -> None:
        commit(register, b"x")
        send(client, [chunk(b"y")])
        assert client.get(f"{MATH}/blobs/blake3:{raw(b'y').hex()}").status_code == 404

    @pytest.mark.parametrize("name", ["x", "blake3:ABC", "sha256:" + "0" * 63, "blake3:" + "A" * 64, "..%2f..%2fx"])
    def test_what_is_no_digest(self, client: TestClient, register: Register, name: str) -> None:
        commit(register, b"x")
        assert client.get(f"{MATH}/blobs/{name}").status_code in (404, 422)

    def test_many_at_once(self, client: TestClient, register: Register) -> None:
        files = [b"", b"a" * 5000, noise(200_000), noise(2_000_000)]
        names = [commit(register, data).raw for data in files]
        answer = client.post(f"{MATH}/blobs/batch", content=b"".join(names))
        reader = FrameReader()
        frames = reader.feed(answer.content)
        assert reader.ended
        assert [frame.digest for frame in frames] == names
        assert [frame.kind for frame in frames] == [RAW, ZSTD, RAW, LARGE]
        assert frames[2].payload == files[2]
        assert frames[3].plain == 2_000_000

    def test_many_of_which_one_belongs_to_others(self, client: TestClient, register: Register) -> None:
        mine, other = commit(register, b"x"), commit(register, b"y", "essays")
        assert client.post(f"{MATH}/blobs/batch", content=mine.raw + other.raw).status_code == 404

    def test_a_damaged_blob_is_no_success(self, client: TestClient, register: Register) -> None:
        blob = commit(register, noise(500_000))
        (pack,) = [path for path in (register.root / "blobs").rglob("*.pack") if path.stat().st_size > 400_000]
        content = bytearray(pack.read_bytes())
        content[200_000] ^= 1
        pack.chmod(0o600)
        pack.write_bytes(content)
        register.blobs.close()
        try:
            answer = client.get(f"{MATH}/blobs/{blob}")
            assert answer.status_code == 500
            assert answer.json()["error"]["kind"] == "corrupt_data"
        finally:
            batch = client.post(f"{MATH}/blobs/batch", content=blob.raw)
            assert b"corrupt_data" in batch.content or batch.status_code == 500
