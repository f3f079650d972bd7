"""The step of a build that reads the rules, so that no command has to."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class RulesBuildHook(BuildHookInterface[Any]):
    """Called by hatchling for wheels and for editable installs."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Keep what was read of the rules beside the code, and ship it."""
        del version
        root = Path(self.root)
        sys.path.insert(0, str(root))
        from lossctl.advice.rule_base import compile_rules, folder  # noqa: PLC0415  # of this checkout

        build_data["artifacts"].append("/" + compile_rules(folder()).relative_to(root).as_posix())
