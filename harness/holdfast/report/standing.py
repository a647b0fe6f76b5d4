"""How a target stands under the profile of a run: the core is what the profile demands, the extended part the rest."""

from dataclasses import dataclass

from holdfast.report.findings import FINDINGS, JUDGED, counts
from holdfast.report.text import listed
from holdfast.results import CaseResult, Results, Verdict


@dataclass(frozen=True)
class Share:
    """Cases of one part: how many of those that apply have which verdict."""

    tally: dict[Verdict, int]

    @property
    def applied(self) -> int:
        """Those that were judged, or came to no verdict."""
        return sum(self.tally[verdict] for verdict in (*JUDGED, "inconclusive"))

    @property
    def said(self) -> str:
        """The share in words: `812 of 814 passed (1 failed, 1 inconclusive)`, `none was judged`."""
        if not self.applied:
            return "none was judged"
        short = [f"{self.tally[word]:,} {word}" for word in (*FINDINGS, "inconclusive") if self.tally[word]]
        return f"{self.tally['passed']:,} of {self.applied:,} passed{f' ({listed(short)})' if short else ''}"


@dataclass(frozen=True)
class Standing:
    """One target under the profile, over all its variants of this run."""

    target: str
    profile: str
    core: Share
    extended: Share

    @property
    def tone(self) -> str:
        """How the core sounds: good, open (undecided) or bad."""
        if self.core.tally["failed"]:
            return "bad"
        return "open" if self.core.tally["inconclusive"] or not self.core.applied else "good"

    @property
    def sentence(self) -> str:
        """Both parts in a sentence."""
        return f"profile {self.profile}, {self.target}: core {self.core.said}; extended {self.extended.said}"


def standings(results: Results) -> list[Standing]:
    """Give one for each target, in the order of the run."""
    found: dict[str, list[CaseResult]] = {}
    for run in results.targets:
        found.setdefault(run.target, []).extend(run.cases)
    return [
        Standing(name, results.profile, _share(cases, core=True), _share(cases, core=False))
        for name, cases in found.items()
    ]


def _share(cases: list[CaseResult], *, core: bool) -> Share:
    return Share(counts([case for case in cases if case.core is core]))
