"""Every bound of `model/limits.py` has a reason beside it, and holds something back somewhere."""

import ast

from tests.tidy.tree import PACKAGE, modules, none_of, parse

LIMITS = parse(PACKAGE / "model" / "limits.py")


def bounds() -> list[str]:
    return [
        target.id
        for node in LIMITS.tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    ]


def test_every_bound_is_used() -> None:
    used = set()
    for module in modules("src"):
        if module.path != LIMITS.path:
            for node in ast.walk(module.tree):
                match node:
                    case ast.Name(id=name) | ast.Attribute(attr=name):
                        used.add(name)
    none_of(name for name in bounds() if name not in used)


def test_every_bound_has_its_reason() -> None:
    """A string follows each bound, or the run of bounds it ends."""
    body = LIMITS.tree.body[1:]
    silent = []
    for node, following in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.Assign) and not isinstance(following, ast.Assign | ast.Expr):
            silent.append(ast.unparse(node))
    none_of(silent)
