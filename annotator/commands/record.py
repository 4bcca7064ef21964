"""`record`: writes the facts of the baseline."""

from __future__ import annotations

from pathlib import Path

from annotator import baseline_file
from annotator.articles import reference_notation
from annotator.baseline_file import BASELINE
from annotator.file_io import write_aside
from annotator.model.port import Baseline, GoSymbol
from annotator.parity import counterparts, go_facts
from annotator.parity.scope import scope_of
from annotator.project_source import Session
from annotator.python_source.docstrings import read_docstrings
from annotator.python_source.modules import read_packages


def record(at: Session) -> Path:
    """Write the baseline's facts: of the packages and symbols in scope, and of all that is mirrored.

    Raises:
        InvalidInput: The scope or a Python file cannot be read.
    """
    scope, tree = scope_of(at.project), at.tree
    further = [reference_notation.parse(each) for each in scope.symbols]
    in_scope = [
        *go_facts.declarations_in_packages(tree, scope.packages),
        *go_facts.declarations_named(tree, further),
    ]
    docstrings = read_docstrings(read_packages(at.project.root, at.project.config.packages))
    # What is recorded now must not decide which names have an original: so whole files are read.
    listed = {path for counterpart in docstrings.counterparts for path in counterpart.files}
    declared = [*in_scope, *go_facts.declarations_in_files(tree, listed)]
    docstrings = counterparts.resolve(
        docstrings,
        {
            (path, found.symbol, found.line): GoSymbol(path, found.symbol, found.kind, found.line, found.line)
            for path, found in declared
            if scope.reason(f"{path}::{found.symbol}") is None
        }.values(),
    )
    mirrors = [mirror for counterpart in docstrings.counterparts for mirror in counterpart.mirrors]
    wanted = [*in_scope, *go_facts.declarations_named(tree, mirrors)]
    facts = go_facts.collect_facts(tree, at.project.config.modules, wanted, at.project.config.go)
    file = at.project.site / BASELINE
    file.parent.mkdir(parents=True, exist_ok=True)
    write_aside(file, baseline_file.encode(Baseline(tree.tag, tree.snapshot.commit, facts)))
    return file
