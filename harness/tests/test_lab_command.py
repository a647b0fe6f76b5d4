"""Targets that stay up: who holds a lab, what is ended and what is never touched, and what the command says."""

import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from holdfast import jose, proofs
from holdfast.cli import main
from holdfast.errors import UsageError
from holdfast.lab import control, facts, store
from holdfast.launch import leftovers

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")

#: Holds the lock of a lab, says so, and goes on until it is ended.
HOLDER = """
import signal, sys, threading
from holdfast.lab import store
claim = store.claim(sys.argv[1])
signal.signal(signal.SIGTERM, signal.SIG_IGN if "deaf" in sys.argv else signal.SIG_DFL)
print("held" if claim else "not held", flush=True)
threading.Event().wait()
"""
#: A process that has nothing to do with anything.
BYSTANDER = "import sys, threading; print('there', flush=True); threading.Event().wait()"

Starts = Callable[..., subprocess.Popen[bytes]]
Said = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a cache of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "cache"


@pytest.fixture
def starts() -> Iterator[Starts]:
    """Start a Python program and wait for its first line."""
    going: list[subprocess.Popen[bytes]] = []

    def start(program: str, *arguments: str, mark: str = "", folder: Path | None = None) -> subprocess.Popen[bytes]:
        environment = {**os.environ, **({leftovers.MARK: mark} if mark else {})}
        command = [sys.executable, "-c", program, *arguments]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, cwd=folder, start_new_session=True)
        going.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() in {b"held\n", b"there\n"}
        return process

    yield start
    for process in going:
        process.kill()
        process.communicate()


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    """Run the command: exit code, output, errors."""

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["lab", *arguments])
        seen = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, seen.out, seen.err

    return run


def state_of(process: subprocess.Popen[bytes], **changed: object) -> store.State:
    seen = leftovers.seen(process.pid)
    assert seen is not None
    known = store.State(
        name="mine",
        variant="default",
        launch="process",
        file="target.toml",
        pid=process.pid,
        began=seen.began,
        mark="0123456789abcdef",
        since="2026-01-02 03:04:05+00:00",
        phase="up",
        urls={"rs": "https://localhost:1"},
    )
    return replace(known, **changed)  # type: ignore[arg-type]


def write(state: store.State) -> None:
    """Write a state as its keeper would."""
    store.place(state.name).mkdir(parents=True, exist_ok=True)
    store.Claim(state.name, -1).write(state)


def lives(process: subprocess.Popen[bytes]) -> bool:
    return process.poll() is None


# Who holds a lab


def test_a_lab_is_held_by_one_until_that_one_is_gone(starts: Starts) -> None:
    holder = starts(HOLDER, "mine")

    assert store.held("mine")
    assert store.claim("mine", 0) is None

    holder.kill()
    holder.wait()
    assert not store.held("mine")
    assert store.claim("mine", 0) is not None


def test_what_is_cleared_leaves_nothing_and_can_be_claimed_again(cache: Path) -> None:
    first = store.claim("mine")
    assert first is not None
    (first.folder / "logs").mkdir()
    assert oct(first.folder.stat().st_mode & 0o777) == "0o700"

    first.clear()
    assert list(cache.iterdir()) == []

    again = store.claim("mine", 0)
    assert again is not None
    assert again.untouched()


def test_a_lock_that_was_removed_meanwhile_is_not_taken_for_the_lab(monkeypatch: pytest.MonkeyPatch) -> None:
    other = store.claim("mine")
    assert other is not None
    flock = fcntl.flock

    def cleared_first(descriptor: int, how: int) -> None:
        monkeypatch.setattr(fcntl, "flock", flock)
        other.clear()
        flock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", cleared_first)
    claim = store.claim("mine")

    assert claim is not None
    assert os.path.samestat(os.fstat(claim.descriptor), (claim.folder / "lock").stat())


@pytest.mark.parametrize("text", ["", "{", "[]", '{"name": "mine"}', "null"])
def test_a_state_that_cannot_be_read_is_none(text: str) -> None:
    claim = store.claim("mine")
    assert claim is not None
    (claim.folder / "state.json").write_text(text)

    assert store.read("mine") is None


def test_a_state_of_a_later_version_is_read_as_far_as_it_is_known(starts: Starts) -> None:
    written = state_of(starts(BYSTANDER))
    write(written)
    file = store.place("mine") / "state.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "novelty": 1}))

    read = store.read("mine")
    assert read is not None
    assert (read.pid, read.began, read.urls) == (written.pid, written.began, written.urls)
    assert oct(file.stat().st_mode & 0o777) == "0o600"


# What is ended, and what is not


def test_down_ends_the_keeper_that_it_finds_and_leaves_nothing(starts: Starts, cache: Path) -> None:
    holder = starts(HOLDER, "mine")
    write(state_of(holder))

    control.down("mine")

    assert holder.wait() == -signal.SIGTERM
    assert list(cache.iterdir()) == []


def test_a_keeper_that_does_not_heed_is_killed(starts: Starts, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "ENDS", 0.0)
    holder = starts(HOLDER, "mine", "deaf")
    write(state_of(holder))

    control.down("mine")

    assert holder.wait() == -signal.SIGKILL
    assert list(cache.iterdir()) == []


def test_down_never_signals_a_process_that_was_given_the_id_of_a_keeper_that_is_gone(
    starts: Starts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "DIES", 0.0)
    bystander = starts(BYSTANDER)
    starts(HOLDER, "mine")
    write(state_of(bystander, began="1"))

    with pytest.raises(UsageError, match="mine: its keeper does not end"):
        control.down("mine")
    assert lives(bystander)


def test_what_a_killed_keeper_left_is_removed_and_nobody_is_signalled(starts: Starts, cache: Path) -> None:
    bystander = starts(BYSTANDER)
    write(state_of(bystander))

    assert control.down("mine") == "mine had no keeper any more; what was left of it is removed"
    assert lives(bystander)
    assert list(cache.iterdir()) == []


def test_processes_with_the_mark_are_ended_and_no_others(
    starts: Starts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leftovers, "BY_THEMSELVES", 0.0)
    marked, other, none = (starts(BYSTANDER, mark=mark) for mark in ("abc", "abcd", ""))

    leftovers.end_processes("abc", [], tmp_path)

    assert marked.wait() == -signal.SIGKILL
    assert [lives(one) for one in (other, none)] == [True, True]


def test_what_wrote_over_its_environment_is_known_by_its_session_and_the_folder_together(
    starts: Starts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leftovers, "BY_THEMSELVES", 0.0)
    folder, elsewhere = tmp_path / "lab", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    ours, in_folder, named = starts(BYSTANDER, folder=folder), starts(BYSTANDER, folder=folder), starts(BYSTANDER)
    outside = starts(BYSTANDER, folder=elsewhere)
    told = starts(BYSTANDER, str(folder / "configuration"), folder=elsewhere)
    sessions = [process.pid for process in (ours, outside, told)]

    leftovers.end_processes("abc", sessions, folder)

    assert [ours.wait(), told.wait()] == [-signal.SIGKILL] * 2
    assert [lives(one) for one in (in_folder, outside, named)] == [True] * 3


def test_the_sessions_of_what_a_process_started_are_found(starts: Starts) -> None:
    program = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]], start_new_session=True)"
    outer = starts(program, BYSTANDER)
    inner = next(one.session for one in leftovers.every() if one.parent == outer.pid)

    assert inner in leftovers.sessions_below(os.getpid())
    assert leftovers.sessions_below(outer.pid) == [inner]
    os.killpg(inner, signal.SIGKILL)


def test_a_handle_is_of_one_process(starts: Starts) -> None:
    process = starts(BYSTANDER)
    handle = leftovers.Handle(process.pid)

    assert not handle.gone(0)
    handle.send(signal.SIGKILL)
    assert handle.gone(leftovers.KILLED)
    process.wait()
    handle.send(signal.SIGKILL)
    handle.close()
    with pytest.raises(ProcessLookupError):
        leftovers.Handle(process.pid)


def test_without_process_descriptors_a_handle_goes_by_id_and_start(
    starts: Starts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "pidfd_open")
    process = starts(BYSTANDER)
    handle = leftovers.Handle(process.pid)
    real, handle.process = handle.process, replace(handle.process, began="1")

    handle.send(signal.SIGKILL)
    assert lives(process)

    handle.process = real
    handle.send(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


# The command


def test_without_anything_up_all_of_them_say_so(said: Said) -> None:
    assert said("down") == (0, "nothing is up\n", "")
    assert said("down", "strict") == (0, "strict is not up\n", "")
    assert said("list") == (0, "nothing is up\n", "")
    assert said("list", "--json") == (0, "", "")


def test_down_of_another_name_says_what_is_up(said: Said, starts: Starts) -> None:
    holder = starts(HOLDER, "mine")
    write(state_of(holder))

    assert said("down", "yours") == (0, "yours is not up; what is: mine\n", "")
    assert lives(holder)


def test_a_target_that_is_up_already_is_told_in_one_line(said: Said, starts: Starts) -> None:
    holder = starts(HOLDER, "strict")
    begun = "strict is {}; to end it: holdfast lab down strict"

    assert said("up", "strict") == (2, "", f"holdfast: {begun.format('being started, or ended')}\n")
    write(state_of(holder, name="strict"))
    up = "up already (variant default, as process, since 2026-01-02 03:04:05+00:00)"
    assert said("up", "strict", "--variant", "short") == (2, "", f"holdfast: {begun.format(up)}\n")
    assert lives(holder)


def test_a_target_that_nobody_can_start_is_told_in_one_line(said: Said, cache: Path) -> None:
    Path("target.toml").write_text(
        'name = "mine"\nroles = ["rs"]\n[resources.main]\nurl = "https://rs.test/"\ncanary = "x"\n'
    )

    line = "holdfast: target.toml: it has no [[services]], so that there is nothing to start\n"
    assert said("up", "./target.toml") == (2, "", line)
    assert not cache.exists()


def test_a_keeper_that_says_nothing_is_told_and_leaves_nothing(
    said: Said, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")

    line = "holdfast: strict: its keeper ended with exit code 1 before it was up\n"
    assert said("up", "strict") == (2, "", line)
    assert list(cache.iterdir()) == []


def test_the_list_says_what_runs_what_starts_and_what_is_gone(said: Said, starts: Starts) -> None:
    up, begun, gone = (state_of(starts(HOLDER, name), name=name) for name in ("a", "b", "c"))
    write(replace(up, ended=["server"]))
    write(replace(begun, phase="starting", urls={}))
    write(gone)
    os.kill(gone.pid, signal.SIGKILL)
    os.waitpid(gone.pid, 0)

    how = "default  process  2026-01-02 03:04:05+00:00"
    code, out, _ = said("list")
    assert (code, out.splitlines()) == (
        0,
        [
            f"a  {how}  rs=https://localhost:1  ended by itself: server",
            f"b  {how}  is being started",
            f"c  {how}  its keeper is gone: holdfast lab down c",
        ],
    )
    rows = [json.loads(line) for line in said("list", "--json")[1].splitlines()]
    assert [(row["name"], row["status"]) for row in rows] == [("a", "up"), ("b", "starting"), ("c", "gone")]


def test_a_cache_that_cannot_be_used_is_told_in_one_line(said: Said, cache: Path) -> None:
    cache.write_text("a file")

    code, out, err = said("up", "strict")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "Traceback" not in err


def test_a_proof_is_made_with_the_key_of_the_lab(said: Said) -> None:
    claim = store.claim("mine")
    assert claim is not None
    assert said("proof", "mine", "GET", "https://rs.test/x")[0] == 2
    key = jose.generate()
    facts._write_key(claim.folder, key)

    code, out, _ = said("proof", "mine", "GET", "https://rs.test/x?q=1", "--token", "t", "--nonce", "n")
    made = jose.decode(out.strip())
    assert code == 0
    assert isinstance(made.header, dict)
    assert isinstance(made.claims, dict)
    assert made.header["jwk"] == key.public_jwk
    expected = {"htm": "GET", "htu": "https://rs.test/x", "nonce": "n", "ath": jose.token_hash("t")}
    assert {name: made.claims[name] for name in expected} == expected
    assert made.claims["jti"] != jose.decode(proofs.make(key, proofs.ProofRequest("GET", "https://a", 1))).claims
