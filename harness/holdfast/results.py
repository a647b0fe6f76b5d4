"""The results model: the one truth for verdicts. Every output is a pure function of it and the evidence file."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

FORMAT = "holdfast-results/1"

Verdict = Literal["passed", "failed", "warning", "noted", "not applicable", "inconclusive", "not run"]
Impact = Literal["low", "medium", "high", "critical"]


class Model(BaseModel):
    """Strict: an unknown member is an error, never silently dropped; numbers are finite, as JSON has no others."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Jws(Model):
    """A proof or token as it travelled, decoded for a reader; its signature is cut."""

    kind: Literal["proof", "token", "assertion"]
    header: dict[str, object] | str
    claims: dict[str, object] | str
    note: str = ""


class TlsFacts(Model):
    """What the connection was."""

    version: str = ""
    cipher: str = ""
    alpn: str | None = None
    resumed: bool = False
    server_name: str | None = None
    server_certificate_sha256: str = ""
    client_certificate_sha256: str | None = None


class ExchangeRecord(Model):
    """One request and what came back, secrets masked.

    control: number of the honest exchange that vouches for it. differs: in what it differs from that one, each in a
    sentence; more than one thing says that a case tests two at once. shared: it was sent in an earlier case.
    arrived: each request that reached the suite's own server behind a proxy by it.
    """

    number: int
    purpose: Literal["control", "hostile", "ground", "token", "probe", "document"]
    endpoint: str
    sender: str
    difference: str = ""
    method: str
    url: str
    request_headers: list[tuple[str, str]]
    request_body: str = ""
    request_raw: str = ""
    status: int | None = None
    response_headers: list[tuple[str, str]] = Field(default_factory=list)
    response_body: str = ""
    response_raw: str = ""
    error: str = ""
    outcome: Literal["accepted", "refused", "broke", "none"]
    control: int | None = None
    differs: list[str] = Field(default_factory=list)
    shared: bool = False
    arrived: list[str] = Field(default_factory=list)
    decoded: list[Jws] = Field(default_factory=list)
    tls: TlsFacts | None = None
    started: float
    seconds: float


class Evidence(Model):
    """What one case sent and saw: one gzip member of evidence.jsonl.gz."""

    case: str
    exchanges: list[ExchangeRecord]


class EvidenceAt(Model):
    """Where a case's gzip member lies in evidence.jsonl.gz, in bytes."""

    offset: int
    length: int


class Signal(Model):
    """How a refusal was worded, graded apart from whether it was refused."""

    name: str
    situation: str
    expected: str
    seen: str
    verdict: Verdict
    requirement: str = ""


class Measurement(Model):
    """What was measured of a target at one endpoint, with the bounds that were seen.

    unit: "s", or what is counted. at_least: it is no less. at_most: it is no more; None where no end of it was seen,
    and the same as `at_least` for what is known exactly. note: what a reader has to know beside the figures.
    """

    name: str
    endpoint: str
    unit: str
    at_least: float
    at_most: float | None = None
    note: str = ""

    @property
    def said(self) -> str:
        """The bounds in words: `3.2 to 4.1 s`, `at least 9 s`, `1 of 20`."""
        least = f"{self.at_least:g}"
        if self.at_most is None:
            return f"at least {least} {self.unit}"
        return f"{least} {self.unit}" if self.at_most == self.at_least else f"{least} to {self.at_most:g} {self.unit}"


class Behaviour(Model):
    """What a proxy does with something, as it was seen from both sides of it.

    topic: heading under which a reader looks for it. about: what was sent or answered. said: what became of it.
    """

    topic: str
    about: str
    said: str


class KnownFailure(Model):
    """A baseline entry that matched."""

    reason: str
    owner: str
    expires: str
    link: str = ""


class CaseResult(Model):
    """The verdict on one case of one variant of one target.

    core: whether the profile demands what it asks, so that it would be failed; the rest of the cases is extended.
    """

    id: str
    case: str
    variant: str
    suite: str
    endpoint: str = ""
    title: str
    rationale: str = ""
    requirement: str
    also: list[str] = Field(default_factory=list)
    impact: Impact
    core: bool = True
    verdict: Verdict
    reason: str = ""
    label: str = ""
    expected: str = ""
    actual: str = ""
    difference: str = ""
    signals: list[Signal] = Field(default_factory=list)
    remarks: list[str] = Field(default_factory=list)
    measured: list[Measurement] = Field(default_factory=list)
    behaviour: list[Behaviour] = Field(default_factory=list)
    known: KnownFailure | None = None
    seconds: float = 0.0
    evidence: EvidenceAt | None = None
    reproduce: str = ""


class TargetRun(Model):
    """One variant of one target.

    mends: by topic of behaviour, the line of configuration by which a proxy behaves as it should.
    """

    target: str
    variant: str
    summary: str
    roles: list[str]
    launch: Literal["process", "container", "running"]
    digest: str
    capabilities: list[str]
    facts: list[tuple[str, str]] = Field(default_factory=list)
    mends: dict[str, str] = Field(default_factory=dict)
    checks: list[tuple[str, bool, str]] = Field(default_factory=list)
    findings: list[str] = Field(default_factory=list)
    problem: str = ""
    interrupted: bool = False
    seconds: float = 0.0
    cases: list[CaseResult] = Field(default_factory=list)


class RequirementRow(Model):
    """One requirement as the report shows it."""

    id: str
    spec: str
    section: str
    role: str
    level: str
    implied: bool = False
    summary: str
    link: str
    cases: list[str] = Field(default_factory=list)
    untested: str = ""


class Score(Model):
    """What the suite made of itself: flaws put into a strict server one at a time, and which cases caught them.

    twins: flaws, one at a time, at one endpoint each. exact: those caught by exactly the cases that had to.
    cases: that can catch something. killed: that caught a twin. full: whether every case that can meet a flaw was run
    against it; one_in: where not, one in how many of those that need not catch it. started: when. commit: of them.
    """

    flaws: int
    twins: int
    exact: int
    cases: int
    killed: int
    full: bool
    one_in: int = 20
    started: str
    commit: str = ""
    suite_version: str = ""


class Results(Model):
    """A whole run. score: what the suite was worth when that was last published; None where it was not."""

    format: str = FORMAT
    suite_version: str
    commit: str = ""
    started: str
    seconds: float
    command: str
    profile: str
    jobs: int
    waited: bool
    environment: dict[str, str]
    targets: list[TargetRun]
    requirements: list[RequirementRow]
    frameworks: dict[str, list[str]] = Field(default_factory=dict)
    score: Score | None = None
