"""Limits of style.md section 7: past one of them a thing is split, not excused."""

import ast
from collections.abc import Iterator

from tests.tidy.tree import ROOT, Module, files, modules, none_of

MODULE_LINES_MAX = 700
TEST_LINES_MAX = 800
FUNCTION_LINES_MAX = 70
METHODS_MAX = 25
FIELDS_MAX = 21
ARGUMENTS_MAX = 6
INHERITANCE_DEPTH_MAX = 2

OTHER_SOURCES = {".rs", ".ts", ".js", ".css"}
EXCEPTION_ROOTS = {"Exception", "BaseException", "ValueError", "RuntimeError", "OSError", "LookupError"}


def python() -> Iterator[Module]:
    for folder in ("src", "tests", "bench", "tools", "examples", "fuzz", "docs"):
        yield from modules(folder)


def functions(module: Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(module.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def classes(module: Module) -> Iterator[ast.ClassDef]:
    return (node for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef))


def test_modules_are_short() -> None:
    long = [
        f"{module.where}: {module.lines} lines"
        for module in python()
        if module.lines > (TEST_LINES_MAX if module.where.startswith("tests/") else MODULE_LINES_MAX)
    ]
    for path in files():
        if path.suffix in OTHER_SOURCES:
            lines, test = path.read_bytes().count(b"\n"), ".test." in path.name or "tests" in path.parts
            if lines > (TEST_LINES_MAX if test else MODULE_LINES_MAX):
                long.append(f"{path.relative_to(ROOT)}: {lines} lines")
    none_of(long)


def test_functions_are_short() -> None:
    long = []
    for module in python():
        for function in functions(module):
            body = function.body[1:] if ast.get_docstring(function, clean=False) is not None else function.body
            lines = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
            if lines > FUNCTION_LINES_MAX:
                long.append(f"{module.where}:{function.lineno} {function.name}: {lines} lines")
    none_of(long)


def test_classes_are_small() -> None:
    big = []
    for module in modules("src"):
        for node in classes(module):
            methods = sum(isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef) for item in node.body)
            fields = len(fields_of(node))
            if methods > METHODS_MAX or fields > FIELDS_MAX:
                big.append(f"{module.where}:{node.lineno} {node.name}: {methods} methods, {fields} fields")
    none_of(big)


def fields_of(node: ast.ClassDef) -> set[str]:
    """Names declared in the class, and names assigned on `self` in its constructor."""
    declared = {
        item.target.id for item in node.body if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
    }
    for item in node.body:
        if isinstance(item, ast.FunctionDef) and item.name == "__init__":
            declared |= {
                target.attr
                for target in ast.walk(item)
                if isinstance(target, ast.Attribute)
                and isinstance(target.ctx, ast.Store)
                and isinstance(target.value, ast.Name)
                and target.value.id == "self"
            }
    return declared


def test_constructors_take_few_arguments() -> None:
    many = []
    for module in modules("src"):
        for node in classes(module):
            for item in node.body:
                if isinstance(item, ast.FunctionDef) and item.name == "__init__":
                    names = [
                        argument.arg for argument in (*item.args.posonlyargs, *item.args.args, *item.args.kwonlyargs)
                    ]
                    counted = [name for name in names[1:] if name != "config" and not name.endswith("_config")]
                    if len(counted) > ARGUMENTS_MAX:
                        many.append(f"{module.where}:{item.lineno} {node.name}: {', '.join(counted)}")
    none_of(many)


def test_classes_are_not_stacked() -> None:
    bases = {
        node.name: [base.id for base in node.bases if isinstance(base, ast.Name)]
        for module in modules("src")
        for node in classes(module)
    }

    def is_exception(name: str) -> bool:
        return name in EXCEPTION_ROOTS or any(is_exception(base) for base in bases.get(name, []))

    def depth(name: str) -> int:
        return max((1 + depth(base) for base in bases[name] if base in bases), default=0)

    none_of(
        f"{name}: {depth(name)} classes of ours above it"
        for name in bases
        if not is_exception(name) and depth(name) > INHERITANCE_DEPTH_MAX
    )
