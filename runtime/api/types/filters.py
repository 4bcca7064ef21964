"""Filters as clients send them: keys, each with a set of values.

Go: api/types/filters/parse.go, volume/service/errors.go
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final, NamedTuple, TypeAlias

import msgspec

from runtime.errdefs import InvalidParameter

Fields: TypeAlias = dict[str, dict[str, bool]]
_Searcher: TypeAlias = Callable[[str], bool]

PATTERN_MEMORY: Final = 1 << 17
"""Bytes that a pattern may take: some 2,000 steps, with which no name takes longer than 3 ms."""


class InvalidFilter(InvalidParameter):
    """A filter that does not exist, or a value that it does not take.

    Go:
        api/types/filters/parse.go::invalidFilter
        api/types/filters/parse.go::invalidFilter.Error
        volume/service/errors.go::invalidFilter
        volume/service/errors.go::invalidFilter.Error
    """

    def __init__(self, name: str, values: Iterable[str] | None = None) -> None:
        shown = "" if values is None else f"=[{' '.join(values)}]"
        super().__init__(f"Invalid filter '{name}{shown}'")


class KeyValuePair(NamedTuple):
    """One value of one key."""

    key: str
    value: str


def arg(key: str, value: str) -> KeyValuePair:
    """One value of one key."""
    return KeyValuePair(key, value)


class Args:
    """Filters: for each key its values, with whether they count."""

    __slots__ = ("_searchers", "fields")

    def __init__(self, fields: Mapping[str, Mapping[str, bool]] | None = None) -> None:
        self.fields: Fields = {key: dict(values) for key, values in (fields or {}).items()}
        self._searchers: dict[str, _Searcher] = {}

    def get(self, key: str) -> tuple[str, ...]:
        """Return the values of a key."""
        return tuple(self.fields.get(key, ()))

    def add(self, key: str, value: str) -> None:
        """Add a value to a key's."""
        self.fields.setdefault(key, {})[value] = True

    def delete(self, key: str, value: str) -> None:
        """Take a value from a key's; the key goes with its last one.

        Go: api/types/filters/parse.go::Args.Del
        """
        values = self.fields.get(key, {})
        values.pop(value, None)
        if not values:
            self.fields.pop(key, None)

    def __len__(self) -> int:
        """How many keys there are.

        Go: api/types/filters/parse.go::Args.Len
        """
        return len(self.fields)

    def contains(self, field: str) -> bool:
        """Whether there is a key.

        Go:
            api/types/filters/parse.go::Args.Contains
            api/types/filters/parse.go::Args.Include
        """
        return field in self.fields

    def match_kv_list(self, key: str, sources: Mapping[str, str] | None) -> bool:
        """Whether every `name` or `name=value` of the key is among the sources; true if the key has none."""
        values = self.fields.get(key)
        if not values:
            return True
        return bool(sources) and all(_has(sources or {}, value) for value in values)

    def match(self, field: str, source: str) -> bool:
        """Whether a value of the key is the source, or a regular expression found in it; true if it has none.

        Differs:
            behaviour size: a pattern that needs too much memory counts as invalid.
        """
        return self.exact_match(field, source) or any(
            self._searcher(value)(source) for value in self.fields.get(field, ())
        )

    def exact_match(self, key: str, source: str) -> bool:
        """Whether the source is a value of the key; true if it has none."""
        values = self.fields.get(key)
        return not values or values.get(source, False)

    def fuzzy_match(self, key: str, source: str) -> bool:
        """Whether the source begins with a value of the key; true if it has none."""
        return self.exact_match(key, source) or any(map(source.startswith, self.fields.get(key, ())))

    def validate(self, accepted: Collection[str]) -> None:
        """Make sure that there are no keys but the accepted ones.

        Raises:
            InvalidFilter: There is another.
        """
        for name in self.fields:
            if name not in accepted:
                raise InvalidFilter(name)

    def _searcher(self, value: str) -> _Searcher:
        found = self._searchers.get(value)
        if found is None:
            found = self._searchers[value] = _searcher(value)
        return found


def new_args(*initial: KeyValuePair) -> Args:
    """Make filters from pairs."""
    args = Args()
    for pair in initial:
        args.add(pair.key, pair.value)
    return args


def to_json(args: Args) -> str:
    """Return the text that `from_json` reads; empty if there are no filters.

    Go:
        api/types/filters/parse.go::ToJSON
        api/types/filters/parse.go::ToParam
        api/types/filters/parse.go::Args.MarshalJSON
    Differs:
        call Args.Len: `fields` itself is tested.
    """
    return msgspec.json.encode(args.fields, order="deterministic").decode() if args.fields else ""


def from_json(text: str | bytes) -> Args:
    """Read filters from a client's text, in the present form or in the old one; an empty text has none.

    Raises:
        InvalidParameter: The text is in neither form.

    Go:
        api/types/filters/parse.go::FromJSON
        api/types/filters/parse.go::FromParam
        api/types/filters/parse.go::Args.UnmarshalJSON
        api/types/filters/parse.go::deprecatedArgs
    Differs:
        error err: of a kind; which moby gives it in one of three routes, see row 6.18 of its oddities.
        params raw, d: one function for both forms.
        call NewArgs: the fields are given at once.
        call InvalidParameter: the error is one whichever form is wrong.
    """
    if not text:
        return Args()
    try:
        found = msgspec.json.decode(text, type=dict[str, dict[str, bool] | list[str] | None] | None)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidParameter(str(error)) from error
    forms = {type(values) for values in (found or {}).values()} - {type(None)}
    if len(forms) > 1:
        raise InvalidParameter("the filters mix lists and objects; use one of the two forms")
    return Args({key: _as_set(values) for key, values in (found or {}).items()})


def _as_set(values: Mapping[str, bool] | Iterable[str] | None) -> Mapping[str, bool]:
    return values if isinstance(values, Mapping) else dict.fromkeys(values or (), True)


def _has(sources: Mapping[str, str], wanted: str) -> bool:
    name, separator, value = wanted.partition("=")
    return name in sources and (not separator or sources[name] == value)


def _searcher(pattern: str) -> _Searcher:
    """Return a function that searches a text for a pattern; an invalid pattern is in no text."""
    import re2  # noqa: PLC0415 - loaded with the first pattern: few lists have one

    # RE2 is the dialect of Go's `regexp`, and no pattern of a stranger makes it slow.
    options = re2.Options()
    options.log_errors = False
    options.max_mem = PATTERN_MEMORY
    try:
        search = re2.compile(pattern, options).search
    except (re2.error, UnicodeEncodeError):
        return lambda _: False
    return lambda text: search(text) is not None
