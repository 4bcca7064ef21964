"""Types of expressions from annotations and constructors."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from annotator.python_source.modules import Attribute, Class, Function, Module, Packages, Type

NOTHING = Type()

_SEQUENCES = frozenset(
    {"list", "tuple", "set", "frozenset", "deque", "Sequence", "Iterable", "Iterator", "Collection",
     "Generator", "Set", "type"}
)  # fmt: skip
_MAPPINGS = frozenset(
    {"dict", "Mapping", "MutableMapping", "defaultdict", "OrderedDict", "WeakValueDictionary"}
)

# What these calls and methods give is an element of what they are given or called on.
_ELEMENT_CALLS = frozenset({"next", "min", "max"})
_SAME_CALLS = frozenset({"list", "tuple", "sorted", "set", "iter", "reversed", "frozenset", "dict"})
_ELEMENT_METHODS = frozenset({"get", "pop", "setdefault", "popleft", "popitem"})

# The methods that builtins call.
_SPELLED = {"str": "__str__", "len": "__len__", "iter": "__iter__", "repr": "__repr__"}
_SAME_METHODS = frozenset({"values", "copy"})


def annotation(written: ast.expr | None, module: Module, packages: Packages) -> Type:
    """Return the type that an annotation states; `X | None` is X."""
    match written:
        case None:
            return NOTHING
        case ast.Constant(value=str() as text):
            try:
                return annotation(ast.parse(text, mode="eval").body, module, packages)
            except SyntaxError:
                return NOTHING
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            sides = [annotation(side, module, packages) for side in (left, right)]
            known = [side for side in sides if side.name]
            return known[0] if len(known) == 1 else NOTHING
        case ast.Subscript(value=value, slice=inner):
            return _subscripted(value, inner, module, packages)
        case _:
            return _instance(written, module, packages)


def _instance(expression: ast.expr, module: Module, packages: Packages) -> Type:
    """Return the type of instances of the class that an expression names."""
    name = packages.resolve(expression, module)
    return Type(name) if name in packages.classes else NOTHING


def _subscripted(value: ast.expr, inner: ast.expr, module: Module, packages: Packages) -> Type:
    container = _last_name(value)
    parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
    if container in ("Optional", "Annotated", "Final", "ClassVar"):
        return annotation(parts[0], module, packages)
    if container == "type":
        found = annotation(parts[0], module, packages)
        return Type(found.name, of_class=True) if found.name else NOTHING
    if container in _MAPPINGS and len(parts) > 1:
        return Type(element=annotation(parts[1], module, packages))
    if container in _SEQUENCES:
        return Type(element=annotation(parts[0], module, packages))
    return _instance(value, module, packages)


def _last_name(value: ast.expr) -> str:
    match value:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


class LocalTypes:
    """The names of one function and their types."""

    def __init__(
        self, packages: Packages, module: Module, owner: Class | None, outer: Mapping[str, Type] | None = None
    ) -> None:
        self.packages = packages
        self.module = module
        self.owner = owner
        self.names: dict[str, Type] = dict(outer or {})

    def enter(self, function: Function | ast.Lambda) -> None:
        """Bind the parameters, then every assignment in the order of the text."""
        arguments = function.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        for argument in every:
            self.names[argument.arg] = annotation(argument.annotation, self.module, self.packages)
        first = every[0].arg if every else ""
        if self.owner is not None and first in ("self", "cls"):
            self.names[first] = Type(self.owner.name, of_class=first == "cls")
        if not isinstance(function, ast.Lambda):
            for node in self.packages.nodes(function):
                self._bind(node)

    def _bind(self, node: ast.AST) -> None:
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self._assign_value(target, value)
            case ast.AnnAssign(target=ast.Name(id=name), annotation=written):
                self.names[name] = annotation(written, self.module, self.packages)
            case ast.NamedExpr(target=ast.Name(id=name), value=value):
                self.names[name] = self.type_of(value)
            case ast.For(target=target, iter=iterated) | ast.comprehension(target=target, iter=iterated):
                self._assign_element(target, iterated)
            case ast.withitem(context_expr=value, optional_vars=ast.Name(id=name)):
                self.names[name] = self.type_of(value)
            case ast.ExceptHandler(type=ast.expr() as caught, name=str() as name):
                self.names[name] = _instance(caught, self.module, self.packages)
            case _:
                pass

    def _assign_value(self, target: ast.expr, value: ast.expr) -> None:
        match target, value:
            case ast.Tuple(elts=names), ast.Tuple(elts=values) if len(names) == len(values):
                for name, each in zip(names, values, strict=True):
                    self._assign_value(name, each)
            case _:
                self._assign(target, self.type_of(value))

    def _assign(self, target: ast.expr, value: Type) -> None:
        match target:
            case ast.Name(id=name):
                self.names[name] = value
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                for part in parts:
                    self._assign(part, NOTHING)
            case _:
                pass

    def _assign_element(self, target: ast.expr, iterated: ast.expr) -> None:
        match target, iterated:
            case ast.Tuple(elts=[_, second]), ast.Call(func=ast.Attribute(value=value, attr="items")):
                self._assign(second, self.type_of(value).element or NOTHING)
            case ast.Tuple(elts=[_, second]), ast.Call(func=ast.Name(id="enumerate"), args=[value, *_]):
                self._assign(second, self.type_of(value).element or NOTHING)
            case _:
                self._assign(target, self.type_of(iterated).element or NOTHING)

    def type_of(self, value: ast.expr) -> Type:
        """Return the type of an expression."""
        match value:
            case ast.Name(id=name) if name in self.names:
                return self.names[name]
            case ast.Name() | ast.Attribute():
                return self._named(value)
            case ast.Call():
                return self._called(value)
            case ast.Subscript(value=inner):
                return self.type_of(inner).element or NOTHING
            case ast.IfExp(body=body, orelse=orelse):
                return self._either(self.type_of(body), self.type_of(orelse))
            case ast.BoolOp(values=values):
                return self._either(*(self.type_of(each) for each in values))
            case ast.NamedExpr(value=inner) | ast.Await(value=inner) | ast.Starred(value=inner):
                return self.type_of(inner)
            case ast.List(elts=[first, *_]) | ast.Tuple(elts=[first, *_]):
                return Type(element=self.type_of(first))
            case ast.ListComp() | ast.GeneratorExp() | ast.SetComp():
                return self._comprehended(value)
            case _:
                return NOTHING

    def _comprehended(self, value: ast.ListComp | ast.GeneratorExp | ast.SetComp) -> Type:
        for loop in value.generators:
            self._bind(loop)
        return Type(element=self.type_of(value.elt))

    @staticmethod
    def _either(*types: Type) -> Type:
        known = {each for each in types if each != NOTHING}
        return known.pop() if len(known) == 1 else NOTHING

    def _named(self, value: ast.Name | ast.Attribute) -> Type:
        resolved = self.packages.resolve(value, self.module)
        if resolved in self.packages.classes:
            return Type(resolved, of_class=True)
        if isinstance(value, ast.Name):
            return NOTHING
        owner = self.type_of(value.value)
        if not owner.name:
            return NOTHING
        found = self.packages.attribute(owner.name, value.attr)
        if found is not None:
            return found[1].type
        method = self.packages.method(owner.name, value.attr)
        return self.returned(method) if method and self.is_property(method) else NOTHING

    def is_property(self, method: str) -> bool:
        """Return whether a method is read as an attribute."""
        _, node, _ = self.packages.functions[method]
        return any(_last_name(each) in ("property", "cached_property") for each in node.decorator_list)

    def returned(self, function: str) -> Type:
        """Return the annotated type of a function's result, or what a context manager yields."""
        module, node, owner = self.packages.functions[function]
        if (
            isinstance(node.returns, ast.Name | ast.Attribute)
            and _last_name(node.returns) == "Self"
            and owner
        ):
            return Type(owner.name)
        found = annotation(node.returns, module, self.packages)
        manages = any(_last_name(each) == "contextmanager" for each in node.decorator_list)
        return found.element or NOTHING if manages else found

    def _called(self, call: ast.Call) -> Type:
        target = self.target(call.func)
        if target in self.packages.classes:
            return Type(target)
        if target in self.packages.functions:
            return self.returned(target)
        match call.func:
            case ast.Name(id=name) if name in _ELEMENT_CALLS and call.args:
                return self.type_of(call.args[0]).element or NOTHING
            case ast.Name(id=name) if name in _SAME_CALLS and call.args:
                return self.type_of(call.args[0])
            case ast.Attribute(value=value, attr=name) if name in _ELEMENT_METHODS:
                return self.type_of(value).element or NOTHING
            case ast.Attribute(value=value, attr=name) if name in _SAME_METHODS:
                return self.type_of(value)
            case _:
                return NOTHING

    def spelled(self, call: ast.Call) -> str:
        """Return the method that a builtin calls, `__str__` for `str(x)`, if the project defines it."""
        match call:
            case ast.Call(func=ast.Name(id=name), args=[value]) if name in _SPELLED:
                owner = self.type_of(value)
                method = self.packages.method(owner.name, _SPELLED[name]) if owner.name else None
                return method or ""
            case _:
                return ""

    def target(self, expression: ast.expr) -> str:
        """Return the dotted name of the project's object that an expression is, or an empty string."""
        match expression:
            case ast.Attribute(value=ast.Call(func=ast.Name(id="super")), attr=name) if self.owner:
                above = list(self.packages.bases(self.owner))[1:]
                return next((f"{each.name}.{name}" for each in above if name in each.methods), "")
            case ast.Attribute(value=value, attr=name):
                owner = self.type_of(value)
                found = self.packages.member(owner.name, name) if owner.name else None
                if found is not None:
                    return found
            case ast.Name(id=name) if name in self.names:
                known = self.names[name]
                return known.name if known.of_class else ""
            case _:
                pass
        resolved = self.packages.resolve(expression, self.module)
        return resolved if self.packages.is_defined(resolved) else ""


def learn_attributes(packages: Packages) -> None:
    """Fill in every class's attributes: annotated in its body, set in its methods."""
    for found in packages.classes.values():
        for entry in found.node.body:
            if isinstance(entry, ast.AnnAssign) and isinstance(entry.target, ast.Name):
                _learn(found, packages, entry.target.id, entry, entry.annotation)
            elif isinstance(entry, ast.Assign) and isinstance(entry.targets[0], ast.Name):
                name = entry.targets[0].id
                found.attributes.setdefault(name, Attribute(name, entry.lineno, NOTHING))
    for _ in range(2):  # a constructor's type may rest on another class's attribute
        for found in packages.classes.values():
            for method in found.methods.values():
                _learn_from(method, found, packages)


def _learn(found: Class, packages: Packages, name: str, node: ast.stmt, written: ast.expr) -> None:
    known = annotation(written, found.module, packages)
    found.attributes[name] = Attribute(name, node.lineno, known, ast.unparse(written))


def _learn_from(method: Function, found: Class, packages: Packages) -> None:
    scope = LocalTypes(packages, found.module, found)
    scope.enter(method)
    for node in packages.nodes(method):
        match node:
            case ast.AnnAssign(
                target=ast.Attribute(value=ast.Name(id="self"), attr=name), annotation=written
            ):
                _learn(found, packages, name, node, written)
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    _learn_assigned(target, scope.type_of(value), found)
            case _:
                pass


def _learn_assigned(target: ast.expr, value: Type, found: Class) -> None:
    match target:
        case ast.Attribute(value=ast.Name(id="self"), attr=name):
            known = found.attributes.get(name)
            if known is None or (known.type == NOTHING and not known.written):
                found.attributes[name] = Attribute(name, target.lineno, value)
        case ast.Tuple(elts=parts):
            for part in parts:
                _learn_assigned(part, NOTHING, found)
        case _:
            pass
