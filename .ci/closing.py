"""Prints the closing lines of every pytest run in a log, and last their sum in the same form: `closing.py LOG STATUS`.

Whoever reads only the last line then knows. STATUS is the exit code of the whole, since more than a test may fail.
"""

import re
import sys
from collections import Counter
from pathlib import Path

CLOSING = re.compile(r"^[= ]*((?:\d+ [a-z]+, )*\d+ [a-z]+) in ([\d.]+)s\b.*$", re.MULTILINE)
ORDER = ("failed", "error", "passed", "skipped", "deselected", "xfailed", "xpassed", "warning")


def main(log: str, status: str) -> None:
    """Print them."""
    total: Counter[str] = Counter()
    seconds = 0.0
    for line in CLOSING.finditer(Path(log).read_text(encoding="utf-8", errors="replace")):
        words = [part.split() for part in line[1].split(", ")]
        counts = {word.removesuffix("s"): int(number) for number, word in words}
        if not set(counts) <= set(ORDER):
            continue
        print(line[0].strip("= "))
        total.update(counts)
        seconds += float(line[2])
    if status != "0" and not total["failed"] and not total["error"]:
        total["error"] += 1
    said = ", ".join(f"{total[word]} {word}" for word in ORDER if total[word])
    print(f"{said or 'no tests ran'} in {seconds:.2f}s")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
