"""The errors of the plugin store and manager, with moby's texts and kinds."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from runtime.errdefs import Conflict, InvalidParameter, NotFound
from runtime.golang.strconv import located, quote


def failure(to: logging.Logger, message: str, error: BaseException, **fields: str) -> None:
    """Log a handled error without a traceback; its text is a field of the record."""
    to.error(message, extra={**fields, "error": describe(error) or type(error).__name__})


def describe(error: BaseException) -> str:
    """Return the text of an error; for an OSError the file and the cause, without the number."""
    return located(error) if isinstance(error, OSError) else str(error)


class PluginNotFound(NotFound):
    """No plugin has this name, id or prefix of an id.

    Go: plugin/errors.go::errNotFound, plugin/errors.go::errNotFound.Error,
        plugin/errors.go::errNotFound.NotFound
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"plugin {quote(name)} not found")


class Ambiguous(InvalidParameter):
    """Several plugins' ids begin with this prefix.

    Go: plugin/errors.go::errAmbiguous, plugin/errors.go::errAmbiguous.Error,
        plugin/errors.go::errAmbiguous.InvalidParameter
    """

    def __init__(self, prefix: str) -> None:
        super().__init__(f"multiple plugins found for {quote(prefix)}")


class Disabled(Conflict):
    """The plugin is disabled.

    Go: plugin/errors.go::errDisabled, plugin/errors.go::errDisabled.Error,
        plugin/errors.go::errDisabled.Conflict
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"plugin {name} found but disabled")


class InvalidFilter(InvalidParameter):
    """A filter or its value is not valid.

    Go: plugin/errors.go::invalidFilter, plugin/errors.go::invalidFilter.Error,
        plugin/errors.go::invalidFilter.InvalidParameter
    """

    def __init__(self, name: str, values: Sequence[str] = ()) -> None:
        self.filter = name
        self.value = list(values)
        shown = f"=[{' '.join(values)}]" if values else ""
        super().__init__(f"Invalid filter '{name}{shown}'")


class InUse(Conflict):
    """The plugin is in use.

    Go: plugin/errors.go::inUseError, plugin/errors.go::inUseError.Error,
        plugin/errors.go::inUseError.Conflict
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"plugin {name} is in use")


class Enabled(Conflict):
    """The plugin is enabled.

    Go: plugin/errors.go::enabledError, plugin/errors.go::enabledError.Error,
        plugin/errors.go::enabledError.Conflict
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"plugin {name} is enabled")


class NameTaken(Conflict):
    """Another plugin has the name.

    Go: plugin/errors.go::alreadyExistsError, plugin/errors.go::alreadyExistsError.Error,
        plugin/errors.go::alreadyExistsError.Conflict
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"plugin {name} already exists")
