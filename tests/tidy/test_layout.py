"""Where things are: names that say nothing, modules nobody explains, native imports, tests that mirror the source."""

import ast
import re
import tomllib

import segue
from tests.tidy.tree import PACKAGE, ROOT, Module, files, imports, modules, none_of
from tests.tidy.untested import UNTESTED

EMPTY_NAMES = {"util", "utils", "helper", "helpers", "common", "base", "bases", "manager", "managers", "misc"}
# The import-linter does not see a compiled module, so its floor is held here: wire may use it, and adapters upwards.
WITHOUT_NATIVE = ("segue.model", "segue.telemetry", "segue.session", "segue.voice")
DOCSTRING_WORDS_MIN = 4


def test_no_module_is_named_for_nothing() -> None:
    nameless = []
    for path in files():
        if path.suffix in {".py", ".rs", ".ts"}:
            parts = [re.sub(r"\.(test|d)$", "", part) for part in path.relative_to(ROOT).with_suffix("").parts]
            nameless += [str(path.relative_to(ROOT)) for part in parts if part.removeprefix("_").lower() in EMPTY_NAMES]
    none_of(nameless)


def test_every_module_says_what_it_is() -> None:
    silent = [
        module.where
        for module in modules("src")
        if len((ast.get_docstring(module.tree) or "").split()) < DOCSTRING_WORDS_MIN
    ]
    none_of(silent)


def test_pure_floors_use_native_code_through_wire() -> None:
    strays = [
        module.where
        for module in modules("src")
        if any(name.startswith("segue._native") for name in imports(module)) and module.name.startswith(WITHOUT_NATIVE)
    ]
    none_of(strays)


def test_each_module_with_logic_has_its_test_file() -> None:
    bare = [
        f"{module.where}: no {places(module)[0]}"
        for module in modules("src")
        if has_logic(module) and not is_tested(module) and module.name not in UNTESTED
    ]
    none_of(bare)


def test_exemptions_are_still_needed() -> None:
    by_name = {module.name: module for module in modules("src")}
    stale = [
        name for name in UNTESTED if name not in by_name or is_tested(by_name[name]) or not has_logic(by_name[name])
    ]
    none_of(stale)


def has_logic(module: Module) -> bool:
    """A function that does something: more than a docstring, `...` or one return of a name."""
    return any(
        any(not is_declaration(statement) for statement in node.body)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def is_declaration(statement: ast.stmt) -> bool:
    match statement:
        case ast.Expr(value=ast.Constant()) | ast.Pass() | ast.Return(value=None | ast.Name() | ast.Constant()):
            return True
    return False


def places(module: Module) -> list[str]:
    """Where the tests of a module may be: its mirror among the unit tests, or among those against real servers."""
    inside = module.path.relative_to(PACKAGE)
    name = (inside.parent.name or "package") if inside.name == "__init__.py" else inside.stem.lstrip("_")
    return [(tier / inside.parent / f"test_{name}.py").as_posix() for tier in (UNIT, INTEGRATION)]


def is_tested(module: Module) -> bool:
    return any((ROOT / place).exists() for place in places(module))


def test_one_version() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    native = tomllib.loads((ROOT / "native/Cargo.toml").read_text())["workspace"]["package"]["version"]
    assert declared == native == segue.__version__


UNIT = (ROOT / "tests/unit").relative_to(ROOT)
INTEGRATION = (ROOT / "tests/integration").relative_to(ROOT)
