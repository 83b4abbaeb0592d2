"""`Api`: questions to a register, and the acts that need no run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rollbook.model.facts import AliasMove, CollectionFacts, Lineage, RunFacts
from rollbook.sdk import settings
from rollbook.sdk.connect import connect
from rollbook.sdk.transport import Progress, Transport
from rollbook.sdk.version import Version

if TYPE_CHECKING:
    from rollbook.model.ledger import Ledger, Recomputed
    from rollbook.model.query.answers import SearchAnswer, SearchTarget
    from rollbook.model.results import Comparison, Exploration, KeptReport, Verification, VersionDiff
    from rollbook.model.space import Deletion, UsageReport


class Api:
    """One register, one project at hand.

    Args:
        data_dir: Data directory; see `rollbook.sdk.settings.resolve`.
        project: Project at hand; references may name another.
        server: Address of a server to use instead; default `ROLLBOOK_SERVER`.
        create: Make the data directory where it is not there.

    Raises:
        NotFound: There is no data directory.
    """

    def __init__(
        self,
        data_dir: str | Path | None = None,
        project: str | None = None,
        *,
        server: str | None = None,
        create: bool = False,
    ) -> None:
        self.settings = settings.resolve(data_dir, project, server=server)
        self._create = create

    @cached_property
    def transport(self) -> Transport:
        """The connection, made when it is first needed."""
        return connect(self.settings, create=self._create)

    @cached_property
    def project(self) -> str:
        """Project at hand, by its full name."""
        name = self.settings.project
        return name if self.settings.server is None else self.transport.full_name(name)

    def artifact(self, reference: str) -> Version:
        """The version a reference names, such as `math_tutor:champion@2026-05-01`.

        Raises:
            InvalidReference: It does not follow the grammar.
            NotFound: There is no such version.
        """
        return Version(self.transport.resolve(reference, self.project), self.transport)

    def projects(self) -> Sequence[str]:
        """Names of all projects."""
        return self.transport.projects()

    def collections(self, type: str = "") -> Sequence[CollectionFacts]:  # noqa: A002 - W&B's word
        """Collections of the project: name, type, versions, newest."""
        return self.transport.collections(self.project, type=type)

    def artifacts(self, collection: str) -> list[Version]:
        """Versions of a collection, newest first."""
        return [Version(facts, self.transport) for facts in self.transport.versions(self.project, collection)]

    def run(self, run: str) -> RunFacts:
        """A run by its short id or full id."""
        return self.transport.run(run, self.project)

    def runs(self, *, state: str = "", job_type: str = "", group: str = "", tag: str = "") -> Sequence[RunFacts]:
        """Runs of the project, newest first."""
        return self.transport.runs(self.project, state=state, job_type=job_type, group=group, tag=tag)

    def history(self, run: str) -> Iterator[dict[str, Any]]:
        """The rows a run logged, one per step."""
        return self.transport.history(self.run(run))

    def alias(self, reference: str, alias: str, *, segment: str = "", reason: str = "") -> AliasMove:
        """Point an alias at a version."""
        return self.transport.set_alias(reference, alias, self.project, segment=segment, reason=reason)

    def promote(self, reference: str, alias: str = "champion", *, segment: str = "", reason: str = "") -> AliasMove:
        """Make a version the champion: move the alias, with a reason, recorded as a promotion."""
        return self.transport.set_alias(
            reference, alias, self.project, segment=segment, reason=reason, action="promote"
        )

    def rollback(self, collection: str, alias: str = "champion", *, segment: str = "", reason: str = "") -> AliasMove:
        """Put an alias back where it was before its last standing move.

        Raises:
            NotFound: There is no such alias, or it was nowhere before.
            Conflict: The version before was deleted.
        """
        return self.transport.rollback(collection, alias, self.project, segment=segment, reason=reason)

    def unalias(self, collection: str, alias: str, *, segment: str = "", reason: str = "") -> AliasMove:
        """Take an alias away; its history stays."""
        return self.transport.delete_alias(collection, alias, self.project, segment=segment, reason=reason)

    def alias_history(self, collection: str, alias: str = "champion") -> Sequence[AliasMove]:
        """Every move of an alias, oldest first: who, when, why, from, to."""
        return self.transport.alias_history(collection, alias, self.project)

    def lineage(self, reference: str, *, up: bool = True, down: bool = True, depth: int | None = None) -> Lineage:
        """What a version was made from and what was made from it."""
        return self.transport.lineage(reference, self.project, up=up, down=down, depth=depth)

    def compare(self, references: Sequence[str], *, save: str = "", **plan: Any) -> Comparison:
        """Compare models (or evaluations), overall and per group. The plan is that of `rollbook compare`.

        Args:
            references: Models or evaluations.
            save: Collection to keep the report in, as a version (`kept` of the answer); what it keeps, and what this
                then answers, withholds small groups.
            **plan: Options, or `plan`: a sealed plan.

        Raises:
            FinalOpened: The dataset answers one question only, and has answered another.
        """
        return self.transport.compare(references, self.project, plan, save=save)

    def seal_plan(self, name: str, dataset: str, **plan: Any) -> Version:
        """Seal what will be asked of a dataset, before anybody looks: its options are those of `compare`.

        Args:
            name: Collection of the plan.
            dataset: The evaluation dataset.
            **plan: Options; `metrics` must be named, the first is the primary one.
        """
        return Version(self.transport.reports.seal(name, dataset, plan, self.project), self.transport)

    def report(self, reference: str) -> KeptReport:
        """A report that was kept, with its page (`html`)."""
        return self.transport.reports.read(reference, self.project)

    def recompute(self, reference: str) -> Recomputed:
        """Compute a kept report again from its inputs, and say whether every number is the same, to 1e-12."""
        return self.transport.reports.recompute(reference, self.project)

    def ledger(self, dataset: str) -> Ledger:
        """Every look at an evaluation dataset: who compared which versions when, under which plan."""
        return self.transport.reports.ledger(dataset, self.project)

    def explore(
        self,
        references: Sequence[str],
        *,
        where: Mapping[str, str | Sequence[str]] | None = None,
        metrics: Sequence[str] = (),
        attributes: Sequence[str] = (),
    ) -> Exploration:
        """Ask how versions do on any set of students, over hundreds of versions at once.

        The first question about a version reads its evaluation; later ones are answered from what was summed then.

        Args:
            references: Models or evaluations.
            where: For each attribute, the level or levels to keep: `{"gender": "f", "grade": ["7", "8"]}`.
            metrics: Such as `auc`, `f1`, `fnr`, `brier`; empty for the usual ones.
            attributes: What can be filtered by; empty for every attribute of the evaluations.
        """
        kept = {name: (levels,) if isinstance(levels, str) else levels for name, levels in (where or {}).items()}
        return self.transport.explore(references, self.project, where=kept, metrics=metrics, attributes=attributes)

    def diff(self, old: str, new: str, *, key: Sequence[str] = ()) -> VersionDiff:
        """Files, rows, columns and metadata that differ between two versions."""
        return self.transport.diff(old, new, self.project, key=key)

    def verify(self, reference: str | None = None, *, progress: Progress | None = None) -> Verification:
        """Check a version, or the whole register, byte by byte."""
        return self.transport.verify(reference, self.project, progress=progress)

    def search(
        self,
        query: str = "",
        *,
        target: SearchTarget = "versions",
        projects: Sequence[str] = (),
        everywhere: bool = False,
        sort: str = "",
        columns: Sequence[str] = (),
        limit: int = 50,
        after: str = "",
    ) -> SearchAnswer:
        """A page of versions or runs that fulfil a query, such as `type = model and metadata.lr < 0.01`.

        Args:
            query: See `docs/search.md`; "" for everything.
            target: `versions` or `runs`.
            projects: Names of projects; default the project at hand.
            everywhere: Search every project that you may read.
            sort: A field, then `asc` or `desc`; default the newest first.
            columns: Fields whose values come with each hit, as `cells` of the answer.
            limit: Hits of a page, 1 to 1000.
            after: `next` of the page before.

        Raises:
            InvalidInput: The query is wrong; the message points at the place.
        """
        from rollbook.model.query.answers import SearchAsk

        ask = SearchAsk(
            query=query,
            target=target,
            projects=tuple(projects),
            everywhere=everywhere,
            sort=sort,
            columns=tuple(columns),
            limit=limit,
            after=after,
        )
        return self.transport.search(ask, self.project)

    def usage(self, collection: str = "", *, everything: bool = False) -> UsageReport:
        """Space of the project and its collections, of one collection and its versions, or of every project.

        Args:
            collection: A collection, or "".
            everything: All projects, instead of the one at hand.
        """
        return self.transport.space.usage("" if everything else self.project, collection)

    def delete(self, reference: str, *, reason: str = "") -> Deletion:
        """Delete a version; it can be brought back for 30 days.

        Raises:
            Conflict: An alias points to it, or a living version is linked to it.
        """
        return self.transport.space.delete(reference, self.project, reason=reason)

    def undelete(self, reference: str, *, reason: str = "") -> Version:
        """Bring a deleted version (`collection:vN`) back under its number.

        Raises:
            NotFound: It is not deleted, or was deleted too long ago.
        """
        return Version(self.transport.space.undelete(reference, self.project, reason=reason), self.transport)

    def deleted(self) -> Sequence[Deletion]:
        """Deleted versions of the project, the newest first."""
        return self.transport.space.deleted(self.project)

    def close(self) -> None:
        """Let go of files and connections; they are opened again when needed."""
        self.transport.close()

    def __repr__(self) -> str:
        return f"<Api {self.transport.location!r}, project {self.project!r}>"
