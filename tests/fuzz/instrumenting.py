"""Lets the fuzzer see which code an input reaches.

atheris 3.0.0 can do so by itself, for whole packages only. It also traces comparisons, and loses
the memory of each result that is an array; so that is done only where there are none.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType

# Ours, and parsers that are written in Python.
COVERED = ("inference", "music", "numpy.lib._format_impl", "tests.fuzz", "training")
TRACED = ("container", "launcher", "music.manifest", "tarfile", "zipfile")
WITH_ARRAYS = ("container.requests",)  # among those


class _Loader(SourceFileLoader):
    def get_code(self, fullname: str) -> CodeType:
        import atheris

        is_traced = _is_in(fullname, TRACED) and not _is_in(fullname, WITH_ARRAYS)
        return atheris.patch_code(super().get_code(fullname), is_traced)


class _Finder:
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, _: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not _is_in(fullname, (*COVERED, *TRACED)):
            return None
        spec = PathFinder.find_spec(fullname, path)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec


@contextmanager
def instrumented() -> Iterator[None]:
    """What is imported within it is instrumented."""
    finder = _Finder()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


def _is_in(name: str, packages: Sequence[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)
