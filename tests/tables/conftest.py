"""What the tests of the readers share."""

import pytest


@pytest.fixture
def write(tmp_path):
    def once(name, contents):
        (tmp_path / name).write_text(contents, newline="")
        return name

    return once
