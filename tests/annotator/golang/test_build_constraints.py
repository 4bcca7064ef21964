"""Build constraints in three values."""

import pytest

from annotator.golang.build_constraints import is_built, platform_of

LINUX = platform_of("p.go", "")


@pytest.mark.parametrize(
    ("path", "constraint", "built"),
    [
        ("p.go", "", True),
        ("p_linux.go", "", True),
        ("p_windows.go", "", False),
        ("p_linux_test.go", "", True),
        ("p_windows_amd64.go", "", False),
        ("p_amd64.go", "", None),
        ("linux.go", "", True),
        ("windows.go", "", True),
        ("p_other.go", "", True),
        ("p.go", "linux", True),
        ("p.go", "!linux", False),
        ("p.go", "!!linux", None),
        ("p.go", "unix", True),
        ("p.go", "ignore", False),
        ("p.go", "go1.21", True),
        ("p.go", "linux && !cgo", None),
        ("p.go", "windows && cgo", False),
        ("p.go", "windows || linux", True),
        ("p.go", "(windows || linux) && !(darwin || freebsd)", True),
        ("p.go", "linux || cgo", True),
        ("p.go", "linux windows", True),
        ("p.go", "linux,!windows darwin", True),
        ("p.go", "linux\n!linux", False),
        ("p.go", "linux\ncgo", None),
        ("p.go", "linux && (windows", None),
        ("p.go", "linux && (", None),
        ("p.go", "linux && linux )", None),
        ("p.go", "linux && " * 1_000 + "linux", None),
        ("p.go", "(" * 10_000 + "linux" + ")" * 10_000, None),
    ],
)
def test_build_is_certain_excluded_or_unknown(
    path: str,
    constraint: str,
    built: bool | None,
) -> None:
    assert is_built(path, constraint, LINUX) is built


@pytest.mark.parametrize(
    ("path", "constraint", "tag", "value"),
    [
        ("p.go", "", "linux", True),
        ("p.go", "!windows", "linux", True),
        ("p_windows.go", "", "windows", True),
        ("p_windows.go", "", "linux", False),
        ("p.go", "!linux", "linux", False),
        ("p.go", "!linux", "windows", None),
        ("p.go", "!linux", "unix", None),
        ("p.go", "freebsd || darwin", "unix", True),
        ("p.go", "linux,seccomp", "seccomp", True),
        ("p.go", "linux && !seccomp", "seccomp", False),
        ("p.go", "linux || seccomp", "seccomp", None),
    ],
)
def test_platform_of_a_file_builds_it(
    path: str,
    constraint: str,
    tag: str,
    value: bool | None,
) -> None:
    assert platform_of(path, constraint).get(tag) is value
