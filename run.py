"""`python3 run.py demo` shows Holdfast at work, `python3 run.py test` tests it.

Makes .venv beside this file. Standard library only, and old syntax: an old Python must get as far as the line about it.
"""

import hashlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

HELP = "usage: python3 run.py demo (judge the reference servers, write a report) or python3 run.py test (test Holdfast)"
ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"


def main(*arguments: str) -> int:
    """Becomes what was asked for, or exits with 1 where it could not be installed and 2 for a wrong use."""
    if arguments not in {("demo",), ("test",)}:
        print(HELP, file=sys.stderr)
        return 2
    problem = unfit()
    if problem:
        print(f"run.py: {problem}", file=sys.stderr)
        return 2
    try:
        command = demo() if arguments == ("demo",) else test()
    except subprocess.CalledProcessError as failure:
        failed = " ".join(str(word) for word in failure.cmd)
        print(f"run.py: this failed with exit code {failure.returncode}: {failed}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    # In place of this process, so that Ctrl-C and SIGTERM reach it and it has the time it needs to end its servers.
    return os.execv(command[0], command)  # noqa: S606 - no shell is meant


def unfit() -> str:
    """Why this machine cannot do it, in one line that says what to do about it; empty where it can."""
    if sys.version_info < (3, 11):  # noqa: UP036 - whoever calls it with an older one reads this
        return f"Python 3.11 or later is needed, and this is {sys.version.split()[0]}"
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        return "Python's venv is missing: apt-get install python3-venv"
    return ""


def demo() -> "tuple[str, ...]":
    """Command that judges the reference servers; the report goes to the folder in which this was called."""
    installed("demo", "--editable", str(ROOT))
    return (str(VENV / "bin" / "holdfast"), "demo")


def test() -> "tuple[str, ...]":
    """Command that runs everything that tox.ini names."""
    import tomllib

    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    installed("test", *groups["tox"])
    return (str(PYTHON), "-m", "tox", "run", "-c", str(ROOT / "tox.ini"))


def installed(purpose: str, *requirements: str) -> None:
    """Install into .venv, made where it is missing or broken. Done already while pyproject.toml is the same.

    Raises subprocess.CalledProcessError; what went wrong then stands on the terminal already.
    """
    digest = hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + str(ROOT).encode()).hexdigest()
    marker = VENV / f"holdfast-{purpose}.sha256"
    usable = works()
    if usable and marker.is_file() and marker.read_text(encoding="ascii") == digest:
        return
    if not usable:
        print("run.py: making .venv", flush=True)
        subprocess.check_call([sys.executable, "-m", "venv", "--clear", VENV])
    print("run.py: installing into .venv", flush=True)
    subprocess.check_call([PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements])
    marker.write_text(digest, encoding="ascii")


def works() -> bool:
    """Whether .venv holds a Python that is new enough and can install."""
    check = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
    try:
        return subprocess.call([PYTHON, "-c", check], stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
