"""Users' settings, `NAME[.FIELD][=VALUE]`, and the fields that can be set.

Go: plugin/v2/settable.go
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from runtime.errdefs import EngineError

ALLOWED_SETTABLE_FIELDS_ENV = ("value",)
"""The settable field of a variable.

Go: plugin/v2/settable.go::allowedSettableFieldsEnv
"""
ALLOWED_SETTABLE_FIELDS_ARGS = ("value",)
"""The settable field of the arguments.

Go: plugin/v2/settable.go::allowedSettableFieldsArgs
"""
ALLOWED_SETTABLE_FIELDS_DEVICES = ("path",)
"""The settable field of a device.

Go: plugin/v2/settable.go::allowedSettableFieldsDevices
"""
ALLOWED_SETTABLE_FIELDS_MOUNTS = ("source",)
"""The settable field of a mount.

Go: plugin/v2/settable.go::allowedSettableFieldsMounts
"""


class MultipleFields(EngineError):
    """Several fields can be set and none was named.

    Go: plugin/v2/settable.go::errMultipleFields
    """

    def __init__(self) -> None:
        super().__init__("multiple fields are settable, one must be specified")


class InvalidFormat(EngineError):
    """The setting has no name.

    Go: plugin/v2/settable.go::errInvalidFormat
    """

    def __init__(self) -> None:
        super().__init__("invalid format, must be <name>[.<field>][=<value>]")


@dataclass(frozen=True, slots=True)
class Settable:
    """A setting of a user."""

    name: str = ""
    field: str = ""
    value: str = ""

    @property
    def pretty_name(self) -> str:
        """`name.field` if there is a field, else the name.

        Go: plugin/v2/settable.go::settable.prettyName
        """
        return f"{self.name}.{self.field}" if self.field else self.name

    def with_default_field(self, settable: Sequence[str]) -> Settable:
        """Return the setting with its field named, if only one is settable.

        Raises:
            MultipleFields: several are settable.
        """
        if self.field or not settable:
            return self
        if len(settable) > 1:
            raise MultipleFields
        return replace(self, field=settable[0])

    def is_settable(self, allowed_settable_fields: Sequence[str], settable: Sequence[str]) -> bool:
        """Return whether the field may be set at all, and in this plugin.

        Raises:
            MultipleFields: no field was named and several are settable.

        """
        field = self.with_default_field(settable).field
        return field in allowed_settable_fields and field in settable


def new_settables(args: Iterable[str]) -> list[Settable]:
    """Parse the settings in these arguments.

    Raises:
        InvalidFormat: one of them has no name.
    """
    return [new_settable(arg) for arg in args]


def new_settable(arg: str) -> Settable:
    """Parse the setting in an argument.

    Raises:
        InvalidFormat: it has no name.
    """
    name, equals, value = arg.partition("=")
    if equals and not name:
        raise InvalidFormat
    dot = name.rfind(".")
    if dot > 0:
        return Settable(name[:dot], name[dot + 1 :], value)
    return Settable(name, "", value)


def update_settings_env(env: Sequence[str], setting: Settable) -> list[str]:
    """Return the variables with one replaced at its place, or added."""
    line = f"{setting.name}={setting.value}"
    updated = list(env)
    for index, present in enumerate(updated):
        if present.partition("=")[0] == setting.name:
            updated[index] = line
            return updated
    return [*updated, line]
