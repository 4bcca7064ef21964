"""Stops a program at each call of a function that has a counterpart in Go: `example NAME --step`."""

from __future__ import annotations

import inspect
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Final

import msgspec

from runtime.daemon.daemon import Daemon
from runtime.examples._story import RUNTIME, SECTION, counterpart
from runtime.examples.snapshot import snapshot
from runtime.golang.strconv import printable
from runtime.pkg.plugins.plugins import Plugins
from runtime.plugin.manager import Manager
from runtime.volume.drivers.extpoint import Store as Drivers
from runtime.volume.service.store import VolumeStore

PARTS: Final[dict[type, str]] = {
    Daemon: "daemon",
    Manager: "manager",
    Drivers: "drivers",
    VolumeStore: "volumes",
    Plugins: "legacy",
}
"""The classes whose newest instances a snapshot reads, with the names of its parameters."""

PROMPT: Final = "[Enter] next step   [q] quit > "
SHOWN: Final = 6
"""Things of one kind up to which all are printed; of more only those that have changed."""

State = dict[str, dict[str, str]]


BASELINE: Final = Path(RUNTIME).parent / "site" / "baseline.json"
"""The facts of moby's symbols, which a checkout has; without them only stated originals are known."""


class _Symbol(msgspec.Struct):
    path: str
    symbol: str
    line: int


class _Baseline(msgspec.Struct):
    symbols: list[_Symbol]


class Originals:
    """Finds the Go original of a function by the function's docstring, or else by its name."""

    def __init__(self, baseline: Path = BASELINE) -> None:
        symbols: list[_Symbol] = []
        if baseline.is_file():
            symbols = msgspec.json.decode(baseline.read_bytes(), type=_Baseline).symbols
        self._lines = {f"{one.path}::{one.symbol}": one.line for one in symbols}
        self._names = defaultdict(list)
        for one in symbols:
            self._names[one.path, _plain(one.symbol)].append(one.symbol)
        self._known: dict[CodeType, str] = {}

    def of(self, code: CodeType) -> str:
        """Return the place of the original of a function, or an empty text."""
        if code not in self._known:
            self._known[code] = self._place(counterpart(code), code)
        return self._known[code]

    def _place(self, stated: str, code: CodeType) -> str:
        if "::" in stated or not stated:
            notation = stated
        else:
            module = inspect.getmodule(code)
            files = _words(module.__doc__)
            found = [
                f"{file}::{symbol}"
                for file in files
                for name in _names(module, code.co_qualname)
                for symbol in self._names[file, _plain(name)]
            ]
            notation = found[0] if len(found) == 1 else ""
        path, _, symbol = notation.partition("::")
        line = self._lines.get(notation)
        return f"{path}:{line}  {symbol}" if line else notation


def _names(module: object, qualified: str) -> Iterator[str]:
    """Yield the names that the original of a function can have: the class of a method may state another."""
    yield qualified
    owner, _, name = qualified.rpartition(".")
    for word in _words(vars(module)[owner].__doc__) if owner in vars(module) else ():
        if "::" in word:
            yield f"{word.partition('::')[2]}.{name}"


def _words(docstring: str | None) -> list[str]:
    """Return what a docstring says after `Go:`."""
    said = (docstring or "").partition(SECTION)[2].partition("Differs:")[0]
    return [word.rstrip(",") for word in said.split()]


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


class Ended(BaseException):
    """The reader does not want to go on; no error of the program, so that nothing handles it."""


@contextmanager
def stepping(write: Callable[[str], object], read: Callable[[str], str] = input) -> Iterator[None]:
    """Stop at each call of a counterpart in this thread; other threads run on.

    Args:
        write: Prints a line.
        read: Asks with a prompt, and returns the answer; EOFError ends the program like `q`.
    """
    before = sys.gettrace()
    sys.settrace(Stepper(write, read).watch)
    try:
        yield
    except Ended:
        write("Ended.")
    finally:
        sys.settrace(before)


class Stepper:
    """Prints the place, the call stack and the state of each step, and waits for the reader."""

    def __init__(self, write: Callable[[str], object], read: Callable[[str], str]) -> None:
        self._write, self._read = write, read
        self._originals = Originals()
        self._parts: dict[str, Any] = {}
        self._state: State = {}
        self._steps = 0

    def watch(self, frame: FrameType, event: str, _: object) -> None:
        """Stop at the begin of a call; this is the trace function."""
        if event == "call" and frame.f_code.co_name == "__init__":
            self._note(frame.f_locals.get("self"))
        go = self._originals.of(frame.f_code) if event == "call" else ""
        if not go:
            return
        self._steps += 1
        code = frame.f_code
        place = f"runtime/{Path(code.co_filename).relative_to(RUNTIME)}:{code.co_firstlineno}"
        self._write(f"\n{self._steps}. {code.co_qualname}")
        self._write(f"   Python  {place}")
        self._write(f"   Go      {go}")
        self._write(f"   Stack   {' > '.join(self._stack(frame))}")
        self._show_state(snapshot(**self._parts))
        self._wait()

    def _note(self, instance: object) -> None:
        for known, name in PARTS.items():
            if isinstance(instance, known):
                self._parts[name] = instance

    def _show_state(self, now: State) -> None:
        before, self._state = self._state, now
        for heading in now:
            lines = list(_lines(before.get(heading, {}), now[heading]))
            changed = [line for line in lines if not line.startswith(" ")]
            if lines:
                self._write(f"   {heading}: {len(now[heading])}")
            for line in lines if len(lines) <= SHOWN else changed:
                self._write(f"     {printable(line)}")

    def _stack(self, frame: FrameType) -> Iterator[str]:
        """Return the calls of counterparts around a frame from the outside, with their lines."""
        found = [frame.f_code.co_qualname]
        at = frame.f_back
        while at is not None:
            if self._originals.of(at.f_code):
                found.append(f"{at.f_code.co_qualname}, line {at.f_lineno}")
            at = at.f_back
        return reversed(found)

    def _wait(self) -> None:
        try:
            answer = self._read(PROMPT)
        except EOFError:
            self._write("")
            raise Ended from None
        if answer.strip().lower() in ("q", "quit"):
            raise Ended


def _lines(before: dict[str, str], now: dict[str, str]) -> Iterator[str]:
    """Yield a line for each thing: `+` new, `~` different, `-` gone."""
    for name, text in now.items():
        old = before.get(name)
        mark = " " if old == text else "+" if old is None else "~"
        yield f"{mark} {name}: {text}" + (f" (was {old})" if mark == "~" else "")
    yield from (f"- {name}" for name in before if name not in now)
