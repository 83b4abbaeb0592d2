"""`Run`: one execution that logs, uses versions and makes versions."""

from __future__ import annotations

import html
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rollbook.model.canonical import JSON, encode
from rollbook.model.digest import Digest
from rollbook.model.errors import InvalidInput
from rollbook.model.evaluation import EvaluationProtocol
from rollbook.model.extras import needs_extra
from rollbook.model.facts import Link, NewVersion, Origin, RunChanges, RunFacts
from rollbook.model.manifest import Manifest
from rollbook.model.names import check_name, check_tag
from rollbook.sdk import capture, sources
from rollbook.sdk.artifact import Artifact
from rollbook.sdk.config import Facts
from rollbook.sdk.heartbeat import Heartbeat
from rollbook.sdk.patience import PatientLog
from rollbook.sdk.progress import bar
from rollbook.sdk.transport import Transport
from rollbook.sdk.upload import send
from rollbook.sdk.version import Version

BUILDER = "rollbook-sdk"


class Run:
    """A run. Made by `rollbook.init`; use it in a `with` block or call `finish`.

    Attributes:
        facts: What the register knew of the run when it began.
        config: Parameters; written through to the register at every change.
        summary: One value per logged key (the last), and whatever is set by hand.
    """

    def __init__(
        self,
        facts: RunFacts,
        transport: Transport,
        *,
        save_code: bool = True,
        on_finish: Callable[[Run], None] | None = None,
    ) -> None:
        self.facts = facts
        self._transport = transport
        self._log = PatientLog(transport.open_log(facts))
        self._logging = threading.Lock()
        self._process = os.getpid()
        self._step = 0
        self._finished = False
        self._save_code = save_code
        self._on_finish = on_finish
        self._origin: Origin | None = None
        self._last: dict[str, Any] = {}
        self.config = Facts("config", facts.config, self._save_config)
        self.summary = Facts("summary", facts.summary, self._save_summary)
        self._heartbeat = Heartbeat(lambda: transport.heartbeat(facts))

    @property
    def id(self) -> str:
        """Short id, unique in the project."""
        return self.facts.short

    @property
    def name(self) -> str:
        """Name for people."""
        return self.facts.name

    @property
    def project(self) -> str:
        """The run's project."""
        return self.facts.project

    @property
    def step(self) -> int:
        """The step that the next `log` will have."""
        return self._step

    def log(self, data: Mapping[str, Any], step: int | None = None, commit: bool = True) -> None:  # noqa: FBT001
        """Record values. When this returns the row is in the run's journal and survives the process's death.

        Args:
            data: Numbers, text or nested dicts of them by name.
            step: Position; default one more than the last. Rows of one step are read as one.
            commit: False to stay at this step, so that the next call adds to it.

        Raises:
            InvalidInput: A value cannot be recorded, or the step goes back; nothing was recorded.
        """
        self._require_open()
        with self._logging:  # threads that log at once get steps of their own
            written = self._log.append(data, time_us=time.time_ns() // 1000, step=self._step if step is None else step)
            self._last.update(data)
            self._step = written + 1 if commit else written

    def _require_open(self) -> None:
        if self._finished:
            raise InvalidInput(f"run {self.id} is finished", hint="start another with rollbook.init()")
        if os.getpid() != self._process:
            raise InvalidInput(f"run {self.id} belongs to the parent of this process", hint="call rollbook.init() here")

    def history(self) -> Iterator[dict[str, Any]]:
        """The rows logged so far, one per step, with `_step` and `_time`."""
        return self._transport.history(self.facts)

    def use_artifact(self, version: str | Version, type: str | None = None) -> Version:  # noqa: A002 - W&B's word
        """Declare that this run uses a version, and return it.

        Args:
            version: A reference such as `student_data:v0`, or a version.
            type: The type it must have.

        Raises:
            NotFound: No such version.
            InvalidInput: It has another type.
        """
        asked = version if isinstance(version, str) else version.qualified_name
        facts = version.facts if isinstance(version, Version) else self._transport.resolve(asked, self.project)
        if type is not None and facts.type != type:
            raise InvalidInput(f"{asked!r} is a {facts.type}, not a {type}", hint=f"pass type={facts.type!r} or none")
        self._transport.use(self.facts, facts, asked)
        return Version(facts, self._transport)

    def log_artifact(
        self,
        artifact: Artifact | str | Path,
        name: str | None = None,
        type: str | None = None,  # noqa: A002 - W&B's word
        aliases: Sequence[str] | None = None,
        tags: Sequence[str] | None = None,
        *,
        metadata: Mapping[str, Any] | None = None,
        description: str = "",
        data_class: str = "internal",
    ) -> Version:
        """Make a version durable, sealed and traced to this run.

        Args:
            artifact: A draft; or a file or folder; or `name:vN`, which logs the file or folder `name` (or `name.*`).
            name: Collection for a path; default the file's own name.
            type: Type for a path.
            aliases: Aliases to point at the version, beside `latest`.
            tags: Labels.
            metadata: Creation metadata for a path.
            description: Text for a path.
            data_class: Declared sensitivity for a path.

        Returns:
            The version; when the same content is there already, that one.

        Raises:
            SourceUnreadable: No such file.
            Conflict: The stated number is not the next, or the collection has another type. Nothing was logged.
        """
        self._require_open()
        if isinstance(artifact, Artifact):
            if name is not None or metadata is not None or description or type not in (None, artifact.type):
                raise InvalidInput(
                    f"name, type, metadata and description of {artifact!r} are its own", hint="set them on the artifact"
                )
            draft = artifact
        else:
            draft = sources.draft(
                artifact, name, type, metadata=metadata, description=description, data_class=data_class
            )
        return self._commit(draft, aliases or (), [*draft.tags, *(tags or ())], ())

    def log_evaluation(  # noqa: PLR0913 - one keyword for each fact of an evaluation
        self,
        *,
        model: str | Version,
        dataset: str | Version,
        predictions: Any,
        roster: str | Version | None = None,
        name: str | None = None,
        student: str = "student",
        truth: str = "truth",
        score: str | None = None,
        prediction: str | None = None,
        row: str | None = None,
        item: str | None = None,
        skill: str | None = None,
        subject: str | None = None,
        time: str | None = None,
        order: str | None = None,
        weight: str | None = None,
        protocol: EvaluationProtocol | Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        description: str = "",
        aliases: Sequence[str] = (),
        tags: Sequence[str] = (),
    ) -> Version:
        """Log one model version's per-student predictions on one dataset version, so that models can be compared.

        Args:
            model: The model version that predicted.
            dataset: The dataset version it predicted on.
            predictions: pandas, Polars or Arrow table, or the path of a CSV, Parquet or Arrow file. Columns named
                `group:...` are kept as attributes.
            roster: Student attributes to group by, as a version.
            name: Collection; default `<model collection>-evaluation`.
            student: Column with the student's id. Raw ids become pseudonyms in this process; pseudonyms stay.
            truth: Column with what happened.
            score: Column with the score (a probability for a binary task); default `score`.
            prediction: Column with the decision; default `prediction`, or made from score and threshold.
            row: Column that pairs rows between models; default the student, with item and order where given.
            item: Column with the item.
            skill: Column with the skill.
            subject: Column with the subject.
            time: Column with the time.
            order: Column with the position in the student's sequence.
            weight: Column with row weights.
            protocol: How the predictions were made (see `rollbook.model.evaluation.EvaluationProtocol`), sealed:
                `{"split": "student", "threshold": 0.4, "threshold_source": "validation"}`.
            metadata: Further creation metadata.
            description: Text.
            aliases: Aliases to set.
            tags: Labels to put.

        Returns:
            The evaluation version.

        Raises:
            InvalidTable: A column is missing or holds values that it must not; rows and values are named.
            NotFound: A version does not exist.
            InvalidInput: The protocol contradicts itself.
        """
        with needs_extra("compare"):
            from rollbook.sdk import evaluation

        prepared = evaluation.build(
            self._resolved,
            self._transport.key(self.project),
            model=model,
            dataset=dataset,
            predictions=predictions,
            roster=roster,
            name=name,
            student=student,
            truth=truth,
            columns={
                "score": score,
                "prediction": prediction,
                "row": row,
                "item": item,
                "skill": skill,
                "subject": subject,
                "time": time,
                "order": order,
                "weight": weight,
            },
            protocol=protocol,
            metadata=metadata,
            description=description,
            aliases=aliases,
            tags=tags,
        )
        for facts in prepared.uses:
            self._transport.use(self.facts, facts, facts.reference)
        return self._commit(prepared.draft, prepared.aliases, prepared.tags, prepared.links)

    def log_roster(
        self,
        frame: Any,
        name: str = "roster",
        *,
        student: str = "student",
        attributes: Sequence[str] | None = None,
        metadata: Mapping[str, Any] | None = None,
        description: str = "",
        aliases: Sequence[str] = (),
        tags: Sequence[str] = (),
    ) -> Version:
        """Log student attributes. Raw student ids become pseudonyms before anything leaves this process.

        Args:
            frame: One row per student, or several with `valid_from` and `valid_to`: pandas, Polars or Arrow table, or
                the path of a CSV, Parquet or Arrow file.
            name: Collection.
            student: Column with the student's id.
            attributes: Columns to keep; default all, but then none may look as if it names students.
            metadata: Creation metadata.
            description: Text.
            aliases: Aliases to set.
            tags: Labels to put.

        Raises:
            InvalidTable: A column is missing, a student appears twice at one time, or a column names students.
        """
        with needs_extra("compare"):
            from rollbook.sdk import evaluation

        draft = evaluation.roster(
            frame, self._transport.key(self.project), name=name, student=student, attributes=attributes
        )
        draft.metadata, draft.description = dict(metadata or {}), description
        return self._commit(draft, aliases, tags, ())

    def finish(self, exit_code: int = 0) -> None:
        """End the run: at the end of the `with` block or of the process, not of a child that was forked from it."""
        if self._finished or os.getpid() != self._process:
            return
        self._finished = True
        self._heartbeat.stop()
        try:
            self._log.close()
        finally:
            self._end(exit_code)

    def _end(self, exit_code: int) -> None:
        self._store_summary()
        origin = self._known_origin()
        self._transport.update_run(
            self.facts,
            RunChanges(
                state="finished" if exit_code == 0 else "failed",
                environment=origin.environment,
                code=origin.code,
                rows=self._log.written,
            ),
        )
        self._transport.close()
        if self._on_finish is not None:
            self._on_finish(self)

    def _commit(self, draft: Artifact, aliases: Sequence[str], tags: Sequence[str], links: Sequence[Link]) -> Version:
        checked_aliases = tuple(check_name(alias, "alias") for alias in aliases if alias != "latest")
        checked_tags = tuple(check_tag(tag) for tag in tags)
        metadata = draft.sealed_metadata()
        origin = self._known_origin()
        made_by = Origin(
            run=self.facts.id,
            parameters=self.config.as_dict(),
            environment=origin.environment,
            code=origin.code,
            builder=origin.builder,
        )

        def new(manifest: Manifest) -> NewVersion:
            return NewVersion(
                project=self.project,
                collection=draft.collection,
                type=draft.type,
                data_class=draft.data_class,
                manifest=manifest,
                metadata=metadata,
                origin=made_by,
                stated_number=draft.stated_number,
                aliases=checked_aliases,
                tags=checked_tags,
                description=draft.description,
                links=tuple(links),
            )

        with bar(f"log {draft.collection}", lambda: sources.known_size(draft)) as progress:
            committed = send(draft, self._transport, self.project, new, progress)
        draft.logged = Version(committed.version, self._transport, created=committed.created)
        return draft.logged

    def _resolved(self, version: str | Version) -> Version:
        if isinstance(version, Version):
            return version
        return Version(self._transport.resolve(version, self.project), self._transport)

    def _known_origin(self) -> Origin:
        if self._origin is None:
            from rollbook.model.release import __version__

            self._origin = Origin(
                environment=capture.environment(), code=self._capture_code(), builder=f"{BUILDER}/{__version__}"
            )
        return self._origin

    def _capture_code(self) -> JSON:
        captured = capture.code(Path.cwd())
        facts = captured.code.to_json()
        if captured.files and self._save_code:
            facts["version"] = str(self._log_code(captured))
        return facts

    def _log_code(self, captured: capture.CapturedCode) -> Digest:
        """Keep what no commit holds, as a version of its own."""
        stem = "".join(
            c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in Path(captured.code.entry).stem
        ).strip("._-")
        draft = Artifact(f"code-{stem or 'session'}"[:128], "code", {"commit": captured.code.commit})
        for name, data in captured.files.items():
            with draft.new_file(name, "wb") as stream:
                stream.write(data)
        metadata = draft.sealed_metadata()

        def new(manifest: Manifest) -> NewVersion:
            return NewVersion(
                project=self.project,
                collection=draft.collection,
                type="code",
                manifest=manifest,
                metadata=metadata,
                origin=Origin(builder=BUILDER),
            )

        committed = send(draft, self._transport, self.project, new)
        # The run did not make its code: it was made from it, so that lineage leads from a model back to the script.
        self._transport.use(self.facts, committed.version, committed.version.reference)
        return committed.version.digest

    def _save_config(self, values: dict[str, JSON]) -> None:
        self._transport.update_run(self.facts, RunChanges(config=values))

    def _save_summary(self, values: dict[str, JSON]) -> None:
        self._transport.update_run(self.facts, RunChanges(summary=values))

    def _store_summary(self) -> None:
        by_hand = self.summary.as_dict()
        if self._last:
            self.summary.update({**self._last, **by_hand})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        left_well = error is None or (isinstance(error, SystemExit) and error.code in (None, 0))
        self.finish(exit_code=0 if left_well else 1)

    def __repr__(self) -> str:
        return f"<Run {self.project}/{self.id} {self.name!r}>"

    def _repr_html_(self) -> str:
        config = html.escape(encode(self.config.as_dict()).decode())
        return f"<b>{html.escape(self.project)}/{self.id}</b> {html.escape(self.name)}<br><code>{config}</code>"
