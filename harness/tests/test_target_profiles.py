"""Which configurations of a target judge a profile."""

import textwrap
from pathlib import Path

import pytest

from holdfast import targets
from holdfast.errors import UsageError

HEAD = """
name = "mine"
roles = ["rs"]
[resources.main]
url = "https://rs.test/protected"
canary = "secret"
"""


def target(tmp_path: Path, *variants: str, top: str = "") -> targets.Target:
    file = tmp_path / "target.toml"
    file.write_text(top + textwrap.dedent(HEAD) + "".join(f"[variants.{text}\n" for text in variants))
    return targets.load(file)


def test_every_configuration_judges_a_profile_that_none_names(tmp_path: Path) -> None:
    mine = target(tmp_path, "a]", 'b]\nprofiles = ["fapi2"]')

    assert targets.meant_for(mine, "base") == ["default", "a", "b"]


def test_only_those_judge_a_profile_that_name_it(tmp_path: Path) -> None:
    mine = target(tmp_path, "a]", 'b]\nprofiles = ["fapi2"]', 'c]\nprofiles = ["mcp", "fapi2"]')

    assert targets.meant_for(mine, "fapi2") == ["b", "c"]
    assert targets.meant_for(mine, "mcp") == ["c"]


def test_the_file_as_written_may_name_a_profile_and_speaks_for_no_variant(tmp_path: Path) -> None:
    mine = target(tmp_path, "a]", 'b]\nprofiles = ["fapi2"]', top='profiles = ["fapi2"]')

    assert targets.meant_for(mine, "fapi2") == ["default", "b"]
    assert targets.load(mine.file, variant="a").profiles == []
    assert targets.load(mine.file, variant="b").profiles == ["fapi2"]


def test_a_profile_that_does_not_exist_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r":8: profiles.*no profile is named 'fapi' \(did you mean fapi2\?\)"):
        target(tmp_path, 'b]\nprofiles = ["fapi"]')
