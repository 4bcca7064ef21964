"""Names by which a text means the annotated repository itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from annotator.articles import article_files, document, own_names, source_paths
from annotator.articles.own_names import OwnNames
from annotator.config import Config, Project
from annotator.model.reference import Reference

COMMIT = "4f859a711315aa0011223344556677889900aabb"


def read(  # noqa: PLR0913 - each names one fact of a repository
    text: str,
    *paths: str,
    repository: str = "https://github.com/acme/kiln",
    also: tuple[str, ...] = (),
    folder: str | None = None,
    modules: dict[str, str] | None = None,
    links: dict[str, str] | None = None,
    refs: tuple[str, ...] = (),
    name: str = "article.md",
) -> tuple[Reference, ...]:
    own = OwnNames(frozenset(paths), modules or {}, links or {}, frozenset(refs), COMMIT.startswith)
    roots = source_paths.roots(repository, (), (), also=also, own=own, folder=folder)
    return document.read(name, text.encode(), repository, roots).references


def places(found: tuple[Reference, ...]) -> list[tuple[str, int | None, str | None]]:
    return [(one.path, one.line, one.repository) for one in found]


MODULES = {
    "go.kiln.dev/kiln/v3": "",
    "go.kiln.dev/kiln/server/v3": "server",
    "go.kiln.dev/kiln/client/v3": "client/v3",
}
FILES = ("kiln.go", "server/main/run.go", "client/v3/dial.go")


@pytest.mark.parametrize(
    ("text", "path", "ref"),
    [
        ("go.kiln.dev/kiln/v3/kiln.go:13", "kiln.go", None),
        ("go.kiln.dev/kiln/server/v3/main/run.go:13", "server/main/run.go", None),
        ("go.kiln.dev/kiln/client/v3/dial.go:13", "client/v3/dial.go", None),
        ("go.kiln.dev/kiln/server/v3@v3.5.1/main/run.go:13", "server/main/run.go", "v3.5.1"),
        ("server/v3@v3.5.1/main/run.go:13", "server/main/run.go", "v3.5.1"),
        (
            "/go/pkg/mod/go.kiln.dev/kiln/server/v3@v3.4.0/main/run.go:13",
            "server/main/run.go",
            "server/v3.4.0",
        ),
    ],
)
def test_import_path_of_a_module_is_the_repositorys(text: str, path: str, ref: str | None) -> None:
    (found,) = read(text, *FILES, modules=MODULES, refs=("server/v3.4.0",))
    assert (found.path, found.line, found.repository, found.ref) == (path, 13, None, ref)


def test_modules_are_read_from_every_module_file() -> None:
    class Tree:
        repository = tag = version = "x"
        commit = None

        @property
        def files(self):
            return {path: path for path in ("go.mod", "a/go.mod", "vendor/b/go.mod", "c/go.mod")}

        def read(self, paths):
            texts = {
                "go.mod": b"// c\nmodule example.org/k/v2\n",
                "a/go.mod": b'module "example.org/k/a" // x\n',
            }
            return {path: texts.get(path, b"\xff\0 module \n") for path in paths}

    assert own_names.modules(Tree()) == {
        "example.org/k/v2": "",
        "example.org/k": "",
        "example.org/k/a": "a",
    }


def test_link_of_another_name_with_a_known_commit_is_own() -> None:
    text = (
        f"https://github.com/oldacme/kiln/blob/{COMMIT}/kiln.go#L13\n"
        "https://github.com/someone/kiln/blob/v1.0.0/kiln.go#L13\n"
        "https://github.com/acme/other/blob/v1.0.0/kiln.go#L13\n"
    )
    assert places(read(text, "kiln.go")) == [
        ("kiln.go", 13, None),
        ("kiln.go", 13, "someone/kiln"),
        ("kiln.go", 13, "acme/other"),
    ]


@pytest.mark.parametrize(
    "also", ["someone/kiln", "https://github.com/someone/kiln", "github.com/someone/kiln"]
)
def test_former_name_in_the_settings_is_own(also: str) -> None:
    text = "https://github.com/someone/kiln/blob/v1.0.0/kiln.go#L13 github.com/someone/kiln/kiln.go:13"
    assert places(read(text, "kiln.go", also=(also,))) == [("kiln.go", 13, None)] * 2


DOMAINS = (
    "staging/src/kiln.io/api/v1/pot.go",
    "src/example.com/glaze/mix.go",
    "internal/github.com/foo/bar/z.go",
)


@pytest.mark.parametrize("path", DOMAINS)
def test_folder_named_like_a_host_is_a_folder(path: str) -> None:
    text = f"[a](https://github.com/acme/kiln/blob/v1.0.0/{path}#L13) `{path}:13`"
    assert places(read(text, *DOMAINS)) == [(path, 13, None)] * 2


def test_import_path_below_a_staging_folder_is_completed() -> None:
    assert places(read("kiln.io/api/v1/pot.go:13", *DOMAINS)) == [(DOMAINS[0], 13, None)]


def test_raw_address_keeps_its_whole_path() -> None:
    (found,) = read(f"https://raw.githubusercontent.com/acme/kiln/v1.0.0/{DOMAINS[1]}", *DOMAINS)
    assert (found.path, found.ref) == (DOMAINS[1], "v1.0.0")


@pytest.mark.parametrize(
    "text", ["/usr/local/go/src/runtime/proc.go:5", "runtime/proc.go:5", "$GOROOT/src/runtime/proc.go:5"]
)
def test_standard_library_is_own_in_its_repository(text: str) -> None:
    found = read(text, "src/runtime/proc.go", repository="https://github.com/golang/go")
    assert places(found) == [("src/runtime/proc.go", 5, None)]


def test_standard_library_is_foreign_elsewhere() -> None:
    assert places(read("/usr/local/go/src/runtime/proc.go:5", "kiln.go")) == [
        ("src/runtime/proc.go", 5, "golang/go")
    ]


@pytest.mark.parametrize(
    ("written", "ref"),
    [
        ("feat/x/kiln.go", "feat/x"),
        ("feat/x/y/pkg/kiln.go", "feat/x/y"),
        ("v1.0.0/pkg/kiln.go", "v1.0.0"),
        ("gone/branch/pkg/kiln.go", "gone/branch"),
        ("{BRANCH}/pkg/kiln.go", None),
        ("${VERSION}/pkg/kiln.go", None),
        ("{{ version }}/pkg/kiln.go", None),
        ("<tag>/pkg/kiln.go", None),
    ],
)
def test_ref_of_a_link_is_told_from_its_path(written: str, ref: str | None) -> None:
    refs = ("feat/x", "feat/x/y", "v1.0.0")
    (found,) = read(f"https://github.com/acme/kiln/blob/{written}#L13", "kiln.go", "pkg/kiln.go", refs=refs)
    assert (found.path.rpartition("/")[2], found.ref, found.line) == ("kiln.go", ref, 13)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("[up](../pkg/kiln.go#L13)", "pkg/kiln.go"),
        ("[root](/pkg/kiln.go#L13)", "pkg/kiln.go"),
        ("[beside](./pkg/kiln.go#L13)", "docs/pkg/kiln.go"),
        ("[beside](pkg/kiln.go#L13)", "docs/pkg/kiln.go"),
        ('<a href="../pkg/kiln.go#L13">up</a>', "pkg/kiln.go"),
        ("[up]: ../pkg/kiln.go#L13", "pkg/kiln.go"),
        ("link:../pkg/kiln.go#L13[up]", "pkg/kiln.go"),
        ("[godoc](../pkg/kiln.go?s=449:511#L13)", "pkg/kiln.go"),
        ("pkg/kiln.go:13", "pkg/kiln.go"),
        ("[space](../my%20pkg/k.go#L13)", "my pkg/k.go"),
    ],
)
def test_link_is_relative_to_the_article(text: str, path: str) -> None:
    found = read(text, "pkg/kiln.go", "docs/pkg/kiln.go", "my pkg/k.go", folder="docs")
    assert places(found) == [(path, 13, None)]


@pytest.mark.parametrize(
    ("name", "link", "path"),
    [
        ("src/docs/new.md", "./pkg/kiln.go#L13", "docs/pkg/kiln.go"),
        ("src/docs/new.md", "../pkg/kiln.go#L13", "pkg/kiln.go"),
        ("src/new.md", "./pkg/kiln.go#L13", "pkg/kiln.go"),
        ("notes/new.md", "./pkg/kiln.go#L13", None),
        ("README.md", "./pkg/kiln.go#L13", None),
        ("new.md", "../pkg/oven.go#L13", "pkg/oven.go"),
        ("notes/new.md", "./pkg/oven.go#L13", "pkg/oven.go"),
        ("notes/new.md", "pkg/kiln.go#L13", "pkg/kiln.go"),
    ],
)
def test_link_is_relative_to_its_article_not_the_settings(
    tmp_path: Path, name: str, link: str, path: str | None
) -> None:
    (tmp_path / "src" / ".git").mkdir(parents=True)
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"[this]({link})\n")
    project = Project(tmp_path, Config(repository="https://github.com/acme/kiln", baseline="v1"))
    own = OwnNames(frozenset(("README.md", "pkg/kiln.go", "docs/pkg/kiln.go", "pkg/oven.go")))

    found = article_files.article(project, file, own)

    assert places(found.references) == ([(path, 13, None)] if path else [])
    assert bool(found.unread) == (path is None)


def test_link_that_leads_nowhere_is_not_guessed() -> None:
    assert read("[up](../../etc/passwd.go#L1)", "pkg/kiln.go", folder="docs") == ()


@pytest.mark.parametrize(
    "text",
    [
        r"C:\src\kiln\pkg\kiln.go:13",
        "a/pkg/kiln.go:13",
        "+++ b/pkg/kiln.go:13",
        "@repo/pkg/kiln.go#L13",
        "@/pkg/kiln.go:13",
        r"%GOPATH%\src\github.com\acme\kiln\pkg\kiln.go:13",
        "file:///home/me/kiln/pkg/kiln.go#L13",
        "${ROOT}/pkg/kiln.go:13",
    ],
)
def test_what_stands_for_the_root_is_no_folder(text: str) -> None:
    assert places(read(text, "pkg/kiln.go")) == [("pkg/kiln.go", 13, None)]


LINKS = {"alias": "real", "kiln_link.go": "real/kiln.go", "vendor/kiln.io/api": "../../real", "loop": "loop"}


@pytest.mark.parametrize("path", ["alias/kiln.go", "kiln_link.go", "vendor/kiln.io/api/kiln.go"])
def test_path_through_a_symbolic_link_is_followed(path: str) -> None:
    text = f"{path}:13 https://github.com/acme/kiln/blob/v1.0.0/{path}#L13"
    assert places(read(text, "real/kiln.go", links=LINKS)) == [("real/kiln.go", 13, None)] * 2


def test_link_that_leads_to_itself_is_left() -> None:
    assert places(read("loop/kiln.go:13", "real/kiln.go", links=LINKS)) == [("loop/kiln.go", 13, None)]


def test_copy_below_vendor_is_not_the_repositorys_own_file() -> None:
    (found,) = read("vendor/github.com/acme/kiln/kiln.go:14", "kiln.go")

    assert found.path == "vendor/github.com/acme/kiln/kiln.go"


def test_attributes_of_asciidoc_are_replaced() -> None:
    text = (
        ":repo: https://github.com/acme/kiln\n:url: {repo}/blob/v1.0.0\n\n"
        "See link:{url}/kiln.go#L13[cooling] and {url}/kiln.go#L4[firing], not {nope}.\n"
    )
    found = read(text, "kiln.go", name="a.adoc")
    spans = [text.split("\n")[3][one.at_column - 1 : one.at_end - 1] for one in found]
    assert [(one.path, one.line, one.ref) for one in found] == [
        ("kiln.go", 13, "v1.0.0"),
        ("kiln.go", 4, "v1.0.0"),
    ]
    assert spans == ["{url}/kiln.go#L13", "{url}/kiln.go#L4"]


@pytest.mark.parametrize(
    ("address", "ref"),
    [
        ("https://codeberg.org/acme/kiln/src/tag/v1.0.0/kiln.go#L13", "v1.0.0"),
        (f"https://gitea.example.com/acme/kiln/src/commit/{COMMIT}/kiln.go#L13", COMMIT),
        ("https://codeberg.org/acme/kiln/src/branch/main/kiln.go#L13", "main"),
        ("https://acme.googlesource.com/kiln/+/refs/tags/v1.0.0/kiln.go#13", "v1.0.0"),
        ("[kiln.go](https://github.com/acme/kiln/blob/v1.0.0/kiln.go):13", "v1.0.0"),
    ],
)
def test_address_of_a_forge_names_its_ref(address: str, ref: str) -> None:
    (found,) = read(address, "kiln.go")
    assert (found.path, found.line, found.ref, found.repository) == ("kiln.go", 13, ref, None)


def test_fragment_of_text_is_no_line() -> None:
    (found,) = read("https://github.com/acme/kiln/blob/v1.0.0/kiln.go#:~:text=Cool", "kiln.go")
    assert (found.path, found.line, found.malformed) == ("kiln.go", None, "")


def test_page_of_the_standard_library_is_of_go() -> None:
    text = "https://go.dev/src/net/http/server.go#L5"
    assert places(read(text, "kiln.go")) == [("src/net/http/server.go", 5, "golang/go")]
    found = read(text, "src/net/http/server.go", repository="https://github.com/golang/go")
    assert places(found) == [("src/net/http/server.go", 5, None)]
