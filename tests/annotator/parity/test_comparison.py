"""Counterparts beside their originals: each kind of finding, on a Go and a Python shop of ours."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from annotator import baseline_file
from annotator.config import GoNames
from annotator.errors import InvalidInput
from annotator.model.port import Agreement, Baseline, Comparison, GoSymbol
from annotator.model.reference import Reference
from annotator.parity import comparison, counterparts, go_facts
from annotator.parity.go_facts import collect_facts, declarations_in_packages, declarations_named
from annotator.parity.scope import Absent, Convention, Rename, Scope, measure_coverage, problems
from annotator.python_source import objects
from annotator.python_source.docstrings import read_docstrings
from annotator.python_source.modules import read_packages

GO_NAMES = GoNames(errors=("errdefs",))

GO = {
    "store/store.go": """package store

import (
	"context"
	"errors"
	"sync"
)

type Keeper interface {
	Keep(name string, count int) error
	Name() string
}

type Store struct {
	mu        sync.Mutex
	itemNames map[string]int
	label     string
}

func New(label string) *Store {
	return &Store{label: label, itemNames: map[string]int{}}
}

func (s *Store) Name() string {
	return s.label
}

func (s *Store) Keep(ctx context.Context, name string, count int) error {
	if err := s.check(name); err != nil {
		return err
	}
	s.log(name)
	s.itemNames[name] = count
	return nil
}

func (s *Store) check(name string) error {
	if name == "" {
		return errors.New("the name must not be empty")
	}
	return nil
}

func (s *Store) log(name string) {
	println(s.Name(), name)
}
"""
}

PYTHON = '''\
"""The shop in Python."""

from __future__ import annotations

import threading
from typing import Protocol

GO_NAMES = GoNames(errors=("errdefs",))


class Keeper(Protocol):
    """Keeps.

    Go:
        store/store.go::Keeper
    """

    @property
    def name(self) -> str: ...

    def keep(self, name: str, count: int) -> None: ...


class Store:
    """Keeps things.

    Go:
        store/store.go::Store
        store/store.go::New

    Differs:
        field mu: Python's lock, named for what it is.
    """

    def __init__(self, label: str) -> None:
        self._lock = threading.Lock()
        self.item_names: dict[str, int] = {}
        self.label = label

    @property
    def name(self) -> str:
        """The label.

        Go:
            store/store.go::Store.Name
        """
        return self.label

    def keep(self, name: str, count: int) -> None:
        """Keep some.

        Go:
            store/store.go::Store.Keep

        Differs:
            param ctx: nothing here takes long.
        """
        self._check(name)
        self._log(name)
        self.item_names[name] = count

    def _check(self, name: str) -> None:
        """See that a name is one.

        Go:
            store/store.go::Store.check
        """
        if not name:
            raise ValueError("the name must not be empty")

    def _log(self, name: str) -> None:
        """Tell.

        Go:
            store/store.go::Store.log
        """
        print(self.name, name)
'''


LOG = PYTHON[PYTHON.index("    def _log(") :]


class Shop:
    """Both sides, as they are read."""

    def __init__(self, originals: tuple[GoSymbol, ...], folder: Path, root: Path) -> None:
        self.symbols = originals
        files = read_packages(root, [folder.name])
        self.package = read_docstrings(files)
        self.python = objects.read(files)

    def pairs(self, *conventions: Convention, scope: Scope | None = None) -> tuple[Comparison, ...]:
        originals = {symbol.notation: symbol for symbol in self.symbols}
        found = counterparts.resolve(self.package, self.symbols).counterparts
        return comparison.compare(found, originals, self.python, scope or Scope(conventions=conventions))

    def remarks(self, *conventions: Convention, scope: Scope | None = None) -> list[str]:
        return [remark.message for remark in comparison.problems(self.pairs(*conventions, scope=scope))]

    def unused(self, scope: Scope) -> list[str]:
        return [
            remark.message for remark in comparison.unused_rules(self.pairs(scope=scope), scope, "scope.toml")
        ]


@pytest.fixture
def port(tree, tmp_path: Path) -> Callable[[str, str], Shop]:
    """Both sides: a Go file and a Python module."""

    def make(go: str, text: str) -> Shop:
        source = tree({"store/store.go": go})
        folder = tmp_path / "port"
        folder.mkdir(exist_ok=True)
        (folder / "__init__.py").write_text("")
        (folder / "store.py").write_text(text)
        originals = collect_facts(
            source, ("example.org/shop",), declarations_in_packages(source, ["store"]), GO_NAMES
        )
        return Shop(originals, folder, tmp_path)

    return make


@pytest.fixture
def shop(port) -> Callable[..., Shop]:
    """Both sides, with a piece of the Python one replaced."""

    def make(*change: str) -> Shop:
        text = PYTHON
        if change:
            assert change[0] in text
            text = text.replace(*change)
        return port(GO["store/store.go"], text)

    return make


def test_a_port_that_says_what_differs_has_no_finding(shop):
    assert shop().remarks() == []


def test_a_stated_reason_stands_in_its_row(shop):
    rows = {row.name: row for pair in shop().pairs() for row in pair.rows if row.kind == "field"}

    assert (rows["mu"].agreement, rows["mu"].reason) == (
        Agreement.DIFFERS,
        "Python's lock, named for what it is.",
    )
    assert rows["itemNames"].agreement is Agreement.SAME


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (
            ("self.label = label", "self._x = 1"),
            "port.store.Store: field label: port.store.Store has no such",
        ),
        (("self.label = label", "self.label = self.colour = label"), "port.store.Store: extra colour"),
        (
            ("self.label = label", "self.label = label\n        self.colour = 1"),
            "port.store.Store: extra colour: Store has no such field",
        ),
        (("name: str, count: int) -> None: ...", "name: str) -> None: ..."), ""),
        (
            (
                "def keep(self, name: str, count: int) -> None:\n",
                "def keep(self, count: int, name: str) -> None:\n",
            ),
            "port.store.Store.keep: param name: it stands in another place",
        ),
        (
            (
                "def keep(self, name: str, count: int) -> None:\n",
                "def keep(self, name: str) -> None:\n",
            ),
            "port.store.Store.keep: param count: port.store.Store.keep does not take it",
        ),
        (
            (
                "def keep(self, name: str, count: int) -> None:\n",
                "def keep(self, name: str, count: int, fast: bool) -> None:\n",
            ),
            "port.store.Store.keep: param fast: Store.Keep does not take it",
        ),
        (
            ("        self._log(name)\n", ""),
            "port.store.Store.keep: call Store.log: Store.Keep calls it, the counterpart does not",
        ),
        (
            ("        if not name:\n", "        self._log(name)\n        if not name:\n"),
            "port.store.Store._check: call Store.log: Store.check does not call it",
        ),
        (
            ("the name must not be empty", "a name, please"),
            "port.store.Store._check: error the-name-must-not-be-empty: port.store.Store._check never says",
        ),
        (
            ("field mu: Python's lock", "field label: Python's lock"),
            "port.store.Store: `field label` explains no difference; remove it",
        ),
        (
            ("def keep(self, name: str, count: int) -> None: ...", ""),
            "port.store.Keeper: method Keep: port.store.Keeper has no such attribute or method",
        ),
        (
            ("def _log(self, name: str) -> None:", "def _log(self, name: str) -> int:"),
            "port.store.Store._log: result int: Go returns nothing, Python int",
        ),
    ],
)
def test_what_is_not_explained_is_a_finding(shop, change, finding):
    found = shop(*change).remarks()

    assert (not found and not finding) or any(message.startswith(finding) for message in found), found


def test_a_parameter_that_moved_behind_others_differs_alone(shop):
    last = "def keep(self, name: str, count: int, *, ctx: object = None) -> None:\n"
    pairs = shop("def keep(self, name: str, count: int) -> None:\n", last).pairs()

    (keep,) = (pair for pair in pairs if pair.counterpart.name == "port.store.Store.keep")
    found = {row.name: row.agreement for row in keep.rows if row.kind == "param"}
    assert found == {"ctx": Agreement.DIFFERS, "name": Agreement.SAME, "count": Agreement.SAME}


def test_a_finding_stands_at_its_line_of_the_python_file(shop):
    made = shop("        self._log(name)\n", "")

    (remark,) = comparison.problems(made.pairs())

    assert remark.file == "port/store.py"
    assert "def keep" in (PYTHON.splitlines()[remark.line - 1])


def test_a_call_through_a_helper_that_is_not_mapped_counts(shop):
    made = shop(
        "        self._log(name)\n        self.item_names[name] = count\n",
        "        self._note(name)\n        self.item_names[name] = count\n\n"
        "    def _note(self, name: str) -> None:\n        self._log(name)\n",
    )

    assert made.remarks() == []


def test_a_convention_explains_a_difference_wherever_it_occurs(shop):
    made = shop(
        "            param ctx: nothing here takes long.\n", "            behaviour speed: it is quick.\n"
    )

    assert [m for m in made.remarks() if "ctx" in m]
    assert made.remarks(Convention("param", "Python has none", r"ctx context\.Context")) == []


def test_a_convention_explains_by_its_name_what_go_does_not_have(shop):
    made = shop("def _log(self, name: str)", "def _log(self, name: str, colour: str)")

    assert [m for m in made.remarks() if "param colour" in m]
    assert made.remarks(Convention("param", "for the eye", "colour")) == []


def test_a_convention_that_explains_nothing_is_stale(shop):
    made = shop(
        "            param ctx: nothing here takes long.\n", "            behaviour speed: it is quick.\n"
    )
    ctx = Convention("param", "Python has none", r"ctx context\.Context")
    other = Convention("field", "not for the eye", "colour string")

    (remark,) = comparison.unused_rules(made.pairs(ctx, other), Scope(conventions=(ctx, other)), "scope.toml")

    assert remark.message == "the convention `field colour string` explains no difference; remove it"


def test_an_abbreviated_parameter_is_the_same_one(shop):
    made = shop("def _log(self, name: str)", "def _log(self, n: str, /)")

    assert not [message for message in made.remarks() if "param" in message]


def test_a_renamed_parameter_is_one_row_with_its_reason(shop):
    made = shop(
        LOG,
        LOG.replace("name: str", "label: str").replace(
            "Store.log\n", "Store.log\n\n        Differs:\n            param name: called `label`, as here.\n"
        ),
    )

    rows = [row for pair in made.pairs() if pair.counterpart.name.endswith("_log") for row in pair.rows]

    params = [(row.name, row.python, row.agreement) for row in rows if row.kind == "param"]
    assert params == [("name", "label: str", Agreement.DIFFERS)]


def test_of_several_names_of_a_reason_each_must_explain_something(shop):
    made = shop("field mu: Python's lock", "field mu,label: Python's lock")

    assert made.remarks() == ["port.store.Store: `field label` explains no difference; remove it"]


def test_an_extra_that_is_nowhere_is_stale(shop):
    made = shop("field mu: Python's lock, named for what it is.", "extra colour: for the eye.")

    assert "port.store.Store: `extra colour` explains no difference; remove it" in made.remarks()


FAULTS_GO = """package store

type Fault interface {
	Fault()
}

func NewFault(err error) error {
	return err
}

func IsFault(err error) bool {
	return err != nil
}

func Save(name string) bool {
	return IsFault(NewFault(nil))
}

func Keep(name string) bool {
	return Save(name)
}
"""

FAULTS_PYTHON = '''\
"""Faults in Python."""


class Fault(Exception):
    """A fault.

    Go:
        store/store.go::Fault
        store/store.go::NewFault
        store/store.go::IsFault

    Differs:
        method Fault: the class is the mark.
    """

    def __init__(self, text: str | BaseException) -> None:
        super().__init__(text)


class Late(Fault):
    """A fault in time."""


def save(name: str) -> bool:
    """Save.

    Go:
        store/store.go::Save
    """
    try:
        raise Fault(name)
    except Fault:
        return True


def keep(name: str) -> bool:
    """Keep.

    Go:
        store/store.go::Keep
    """
    return save(name)
'''


def test_an_error_as_a_parameter_is_one_that_takes_an_exception(port):
    assert port(FAULTS_GO, FAULTS_PYTHON).remarks() == []


@pytest.mark.parametrize(
    ("caught", "findings"),
    [
        ("Late", []),
        ("KeyError", ["port.store.save: call IsFault: Save calls it, the counterpart does not"]),
    ],
)
def test_catching_a_class_or_one_of_its_kind_asks_what_its_predicate_asks(port, caught, findings):
    made = port(FAULTS_GO, FAULTS_PYTHON.replace("except Fault:", f"except {caught}:"))

    assert made.remarks() == findings


def test_catching_a_class_is_not_making_one(port):
    made = port(FAULTS_GO, FAULTS_PYTHON.replace("raise Fault(name)", "raise KeyError(name)"))

    assert made.remarks() == ["port.store.save: call NewFault: Save calls it, the counterpart does not"]


def test_a_call_of_a_function_that_is_folded_into_its_caller_is_none(port):
    folded = FAULTS_PYTHON.replace("        store/store.go::Save\n", "").replace(
        "        store/store.go::Keep\n", "        store/store.go::Keep\n        store/store.go::Save\n"
    )

    calls = [row for pair in port(FAULTS_GO, folded).pairs() for row in pair.rows if row.name == "Save"]

    assert [row.agreement for row in calls] == [Agreement.SAME]


def test_a_signature_is_held_to_its_parameters_alone(port):
    bare = FAULTS_PYTHON.replace("    return save(name)\n", "    ...\n")

    assert port(FAULTS_GO, bare).remarks() == []


# ── coverage ─────────────────────────────────────────────────────────────────────────────────────


def states(shop: Shop, scope: Scope) -> dict[str, str]:
    covered = measure_coverage(shop.symbols, shop.package.counterparts, scope, shop.python)
    return {each.symbol.symbol: each.state.value for each in covered.symbols}


def test_everything_that_is_mapped_is_covered_interface_methods_with_their_interface(shop):
    assert set(states(shop(), Scope()).values()) == {"mapped"}


def test_what_is_neither_mapped_nor_left_out_is_open_and_a_finding(shop):
    made = shop("        store/store.go::New\n", "")

    assert states(made, Scope())["New"] == "open"
    reason = Absent("Python has constructors", ("store/store.go::New",))
    assert states(made, Scope(absent=(reason,)))["New"] == "left out"


def test_a_name_that_is_left_out_and_nowhere_is_a_finding(shop):
    made = shop()
    scope = Scope(absent=(Absent("gone", ("store/store.go::Nothing",)),))

    found = measure_coverage(made.symbols, made.package.counterparts, scope, made.python)

    assert [r.message for r in problems(found, "scope.toml")] == [
        "store/store.go::Nothing is left out, but nothing of that name is recorded"
    ]


# ── rules of the scope ───────────────────────────────────────────────────────────────────────────


def named_by_place(text: str) -> str:
    """The port with one `Go:` line, its module's."""
    bare = re.sub(r"\n\n *Go:\n(?: +store/store\.go::\S+\n)+", "\n", text)
    head, docstring, rest = bare.partition('"""')
    line, end, tail = rest.partition('"""')
    return f"{head}{docstring}{line}\n\nGo: store/store.go\n{end}{tail}"


def test_grouped_errors_are_explained_each(port):
    go = (
        'package store\nimport "errors"\nfunc Keep(b bool) error {\n'
        '\tif b { return errors.New("no disk") }\n\treturn errors.New("no net")\n}\n'
    )
    differs = "    Differs:\n        errors no-disk, no-net: neither.\n"
    text = f'{FILE}def keep(b: bool) -> None:\n    """Keep.\n\n{differs}    """\n'

    assert port(go, text).remarks() == []


FILE = '"""A store.\n\nGo: store/store.go\n"""\n\n'


def test_objects_are_named_for_originals_in_their_modules_file(port):
    made = port(GO["store/store.go"], named_by_place(PYTHON))

    named = {p.counterpart.name: [o.symbol for o in p.originals] for p in made.pairs()}
    assert named["port.store.Store"] == ["Store"]
    assert named["port.store.Store.keep"] == ["Store.Keep"]
    assert not any("._" in name for name in named)


def test_name_in_two_listed_files_mirrors_neither(tree, tmp_path):
    folder = tmp_path / "port"
    folder.mkdir()
    (folder / "__init__.py").write_text(
        '"""All.\n\nGo: a/a.go, a/b.go\n"""\n\ndef run() -> None:\n    """Run."""\n'
    )
    source = tree({"a/a.go": "package a\nfunc Run() {}\n", "a/b.go": "package a\nfunc run() {}\n"})
    symbols = collect_facts(source, ("example.org/a",), declarations_in_packages(source, ["a"]), GO_NAMES)

    found = counterparts.resolve(read_docstrings(read_packages(tmp_path, ["port"])), symbols)

    assert found.counterparts == ()


def test_public_method_mirrors_the_exported_one_of_two(port):
    go = "package store\ntype Store struct{}\nfunc (s *Store) Create() {}\nfunc (s *Store) create() {}\n"
    text = FILE + 'class Store:\n    """It."""\n\n    def create(self) -> None:\n        """Create."""\n'

    assert [p.originals[-1].symbol for p in port(go, text).pairs()] == ["Store", "Store.Create"]


def test_differences_from_no_original_are_a_finding(port):
    text = FILE + 'def lose() -> None:\n    """Lose.\n\n    Differs:\n        call Keep: not here.\n    """\n'
    made = port("package store\nfunc Keep() {}\n", text)

    remarks = counterparts.resolve(made.package, made.symbols).remarks

    assert [(r.line, r.rule) for r in remarks] == [(10, "differs-without-go")]


def test_base_class_named_for_a_type_has_its_methods(port):
    go = "package store\ntype Store struct{}\nfunc (s *Store) Keep() {}\n"
    text = (
        FILE
        + 'class StoreBackend:\n    """A part.\n\n    Go: store/store.go::Store\n    """\n\n'
        + '    def keep(self) -> None:\n        """Keep."""\n'
    )

    assert [p.originals[0].symbol for p in port(go, text).pairs()] == ["Store", "Store.Keep"]


GO_RULES = """package store

type Store struct {
	ID    string
	Swarm int
}

func (s *Store) Keep(filter string, network int) {}
"""
PYTHON_RULES = '''"""A store.

Go: store/store.go
"""

class Store:
    """It."""

    def __init__(self, plugin_id: str) -> None:
        self.plugin_id = plugin_id

    def keep(self, filters: str, clock: int = 0) -> None:
        """Keep."""
'''
RULES = Scope(
    renames=(
        Rename("ID", "plugin_id", ("store/store.go::Store",)),
        Rename("filter", "filters", ("store/store.go::*",)),
    ),
    conventions=(Convention("extra", "handed in for tests", names=("clock",)),),
    absent=(Absent("no networks here", of=("store/store.go::*",), names=("Swarm", "network")),),
)


def test_rules_of_the_scope_explain_rows(port):
    made = port(GO_RULES, PYTHON_RULES)

    assert len(made.remarks()) == 5
    assert made.remarks(scope=RULES) == []
    assert made.unused(RULES) == []
    reasons = {row.name: row.reason for pair in made.pairs(scope=RULES) for row in pair.rows}
    assert reasons == {
        "ID": "called `plugin_id`",
        "Swarm": "no networks here",
        "filter": "called `filters`",
        "network": "no networks here",
        "clock": "handed in for tests",
    }


@pytest.mark.parametrize(
    ("scope", "says"),
    [
        (
            Scope(renames=(Rename("ID", "id", ("store/store.go::Store",)),)),
            "rename of ID to id in store/store.go::Store",
        ),
        (Scope(renames=(Rename("ID", "plugin_id", ("store/store.go::Gone",)),)), "in store/store.go::Gone"),
        (Scope(conventions=(Convention("extra", "why", names=("clock", "sleep")),)), "name sleep"),
        (
            Scope(conventions=(Convention("extra", "why", names=("clock",), of=("a/a.go::A",)),)),
            "of a/a.go::A",
        ),
        (
            Scope(absent=(Absent("why", of=("store/store.go::Store",), names=("Swarm", "Gone")),)),
            "absent name Gone",
        ),
        (
            Scope(absent=(Absent("why", of=("store/store.go::Store", "a/a.go::A"), names=("Swarm",)),)),
            "symbol a/a.go::A",
        ),
    ],
)
def test_unused_part_of_a_rule_is_a_finding(port, scope, says):
    assert any(says in message for message in port(GO_RULES, PYTHON_RULES).unused(scope))


# ── facts ────────────────────────────────────────────────────────────────────────────────────────


def test_facts_are_read_back_as_they_were_written(shop):
    facts = Baseline("v1", None, shop().symbols)

    assert baseline_file.decode("baseline.json", baseline_file.encode(facts).encode()) == facts


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"v1"', "1", "baseline.json:1: Expected `str`, got `int`"),
        ('"kind":"func"', '"kind":"fun"', "Invalid enum value"),
        ('"line":', '"lin":', "baseline.json:2: Object missing required field `line`"),
        ('"line":', '"line":-', "which no file has"),
        ('"end_line":', '"end_line":9999999999999999999999', "which no file has"),
        ("]}", "", "Input data was truncated"),
        ('"symbols":[\n', '"symbols":[\n\0', "baseline.json:2: JSON is malformed"),
        ("{", "", "baseline.json:1: "),
    ],
)
def test_facts_that_cannot_be_read_are_said_with_their_line(shop, old, new, says):
    text = baseline_file.encode(Baseline("v1", None, shop().symbols)).replace(old, new, 1)

    with pytest.raises(InvalidInput) as caught:
        baseline_file.decode("baseline.json", text.encode())

    assert says in str(caught.value)
    assert re.match(r"baseline\.json:\d+: .*write it again with `annotator record`", str(caught.value))


def test_facts_have_one_line_a_symbol(shop):
    text = baseline_file.encode(Baseline("v1", None, shop().symbols))

    assert len(text.splitlines()) == len(shop().symbols) + 2


def test_facts_hold_calls_in_order_proven_ones_in_notation(shop):
    (keep,) = [symbol for symbol in shop().symbols if symbol.symbol == "Store.Keep"]

    assert keep.calls == ("store/store.go::Store.check", "store/store.go::Store.log")


@pytest.mark.parametrize(
    ("named", "called"),
    [
        ([], "?names.Of"),
        (
            [Reference("vendor/example.org/names/names.go", "Of")],
            "vendor/example.org/names/names.go::Of",
        ),
    ],
)
def test_what_is_vendored_is_named_where_it_is_recorded_itself(tree, named, called):
    source = tree(
        {
            "store/store.go": """package store

import "example.org/names"

func Keep() string {
	return names.Of()
}
""",
            "vendor/example.org/names/names.go": """package names

func Of() string {
	return ""
}
""",
        }
    )

    wanted = [*declarations_in_packages(source, ["store"]), *declarations_named(source, named)]
    facts = collect_facts(source, ("example.org/shop",), wanted, GO_NAMES)

    assert [symbol.calls for symbol in facts if symbol.symbol == "Keep"] == [(called,)]


def test_facts_of_another_source_are_a_finding(shop, tree):
    facts = Baseline("v1", None, shop().symbols)
    changed = tree({"store/store.go": "\n" + GO["store/store.go"]})

    found = list(go_facts.outdated_facts("site/baseline.json", facts, changed))

    assert len(found) == len(facts.symbols)
    assert "stands in line" in found[0].message
    assert not list(go_facts.outdated_facts("site/baseline.json", facts, tree(GO)))
