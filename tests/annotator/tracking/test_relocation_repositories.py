"""Whatever edits do to a repository: a line that is placed at all is the cited one."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotator.golang.source_tree import SourceTree
from annotator.model.reference import Reference, Unplaced, Verified

Line = tuple[int, str]
"""A line's identity, which edits keep, and its text."""

Function = list[Line]
Files = Mapping[str, list[Function]]

TWINS = ("a/ofen_linux.go", "a/ofen_windows.go")
PATHS = (*TWINS, "a/größe.go", "a/zz_generated.go", "b/main.go")
IDIOMS = ("\tif err != nil {", "\t\treturn err", "\t}")


@st.composite
def repositories(draw: st.DrawFn) -> dict[str, list[Function]]:
    """Files of functions: each platform has its own of one name, and a file has two of the name `init`."""
    files: dict[str, list[Function]] = {}
    for folder, path in enumerate(PATHS):
        names = ["init", "init", f"Größe{folder}"] if path == "a/größe.go" else ["Heat", f"cool{folder}"]
        names[:1] = names[:1] if path in TWINS or path == "a/größe.go" else [f"Heat{folder}"]
        files[path] = []
        for number, name in enumerate(names):
            first = 1000 * folder + 100 * number
            body = draw(st.lists(st.sampled_from(["own", "idiom"]), max_size=4))
            texts = [f"// {name} heats, step {number}.", f"func {name}(größe int) error {{"]
            for count, kind in enumerate(body):
                texts += IDIOMS if kind == "idiom" else [f"\tstep{first + count}(größe, {count})"]
            texts += [f"\treturn finish({first})", "}"]
            files[path].append([(first + place, text) for place, text in enumerate(texts)])
    return files


@st.composite
def edited(draw: st.DrawFn, before: Files) -> dict[str, list[Function]]:  # noqa: C901 - a table of edits
    """The files with lines added, removed and laid out anew, and functions and files moved."""
    after = {path: [list(function) for function in functions] for path, functions in before.items()}
    for number in range(draw(st.integers(1, 5))):
        path = draw(st.sampled_from(sorted(path for path in after if after[path])))
        place = draw(st.integers(0, len(after[path]) - 1))
        function = after[path][place]
        is_twin = path in TWINS
        match draw(
            st.sampled_from(["insert", "remove", "layout", "comment", "order", "split", "move", "drop"])
        ):
            case "insert":
                function.insert(draw(st.integers(2, len(function) - 2)), (-1, f"\tfresh{number}()"))
            case "remove":
                own = [at for at, (_, text) in enumerate(function) if text.startswith("\tstep")]
                if own:
                    del function[draw(st.sampled_from(own))]
            case "layout":
                function[:] = [(identity, text.replace("\t", "    ")) for identity, text in function]
            case "comment":
                function[0] = (function[0][0], f"{function[0][1]} And so on.")
            case "order":
                after[path].reverse()
            case "split" if not is_twin and len(after[path]) > 1:
                after.setdefault(f"{path.partition('/')[0]}/part{number}.go", []).append(
                    after[path].pop(place)
                )
            case "move" if not is_twin and f"moved/{number}.go" not in after:
                after[f"moved/{number}.go"] = after.pop(path)
            case "drop" if not is_twin and len(after[path]) > 1:
                del after[path][place]
            case _:
                pass
    return after


def written(files: Files, newline: str) -> tuple[dict[str, str], dict[str, list[int]]]:
    """Return the texts of files, and the identities of their lines."""
    texts, identities = {}, {}
    for path, functions in files.items():
        lines: list[Line] = [(-1, f"package {path.partition('/')[0]}"), (-1, "")]
        for function in functions:
            lines += [*function, (-1, "")]
        texts[path] = newline.join(text for _, text in lines) + newline
        identities[path] = [identity for identity, _ in lines]
    return texts, identities


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_placed_line_is_the_cited_one_in_any_file(data, grove, carried):
    before = data.draw(repositories())
    old, cited = written(before, "\n")
    new, now = written(data.draw(edited(before)), data.draw(st.sampled_from(["\n", "\r\n"])))
    snapshots = grove({"v1": old, "v2": new}).snapshots
    first, second = (SourceTree(snapshots.snapshot(tag)) for tag in ("v1", "v2"))
    references = [
        (Reference(path, line=line, end_line=last), identity)
        for path, identities in cited.items()
        for line, identity in enumerate(identities, 1)
        if identity >= 0
        for last in (None, min(line + 2, len(identities) - 1))
    ]
    outcomes = carried([reference for reference, _ in references], first, second)

    for (reference, identity), outcome in zip(references, outcomes, strict=True):
        if isinstance(outcome, Unplaced):
            continue
        line = outcome.anchor.line + outcome.anchor.offset
        assert now[outcome.anchor.path][line - 1] == identity, (reference, outcome)
        same = (outcome.anchor.path, line, outcome.range_end) == (
            reference.path,
            reference.line,
            reference.end_line,
        )
        assert isinstance(outcome, Verified) == same
