"""How great_expectations writes a page of Data Docs. Loaded by its name, from the site that ``gate.py`` describes.

Its own view compiles some fifty templates anew for each site: half of the time that pages cost.
"""

from __future__ import annotations

from great_expectations.render.view import DefaultJinjaPageView
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket


class _InMemory(BytecodeCache):
    """Compiled templates of this process, by their path and name."""

    def __init__(self) -> None:
        self._compiled: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fills the bucket of a template that was compiled before."""
        if found := self._compiled.get(bucket.key):
            bucket.bytecode_from_string(found)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keeps what was compiled."""
        self._compiled[bucket.key] = bucket.bytecode_to_string()


_COMPILED = _InMemory()


class PageView(DefaultJinjaPageView):  # type: ignore[misc]  # the library says no types
    """The default view of a page, with templates that are compiled once a process."""

    def __init__(self, custom_styles_directory: str | None = None, custom_views_directory: str | None = None) -> None:
        super().__init__(custom_styles_directory, custom_views_directory)
        self.env.bytecode_cache = _COMPILED
