"""The one outlet: what a drill may let out, and that nothing leaves beside it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from core.outlet import Inhibited, Output, Released, release

ROOT = Path(__file__).parent.parent.parent
# The product's own code; muster/ holds the tools and the demo plant's hardware, which are outside of it.
PACKAGES = ("core", "people", "plant", "incidents", "realtime", "api")
# What puts something on the way to a machine, a person or another system.
SENDS = {"send_each_async", "notify", "async_notify"}
SENDS_ON = {("http", "post"), ("_http", "post"), ("link", "publish"), ("client", "post"), ("requests", "post")}
# Calls of these names that send nothing outside.
HARMLESS = {
    # The access token for FCM: asks who we are, says nothing of any incident.
    "realtime/push.py:_renew",
    # apprise's own call to the provider, inside of MessageService.send.
    "realtime/message_services.py:post",
}


@pytest.mark.parametrize("output", [Output.ACTUATOR, Output.OUTSIDE])
def test_in_a_drill_no_machine_moves_and_nobody_outside_is_called(output: Output) -> None:
    with pytest.raises(Inhibited):
        release(output, exercise=True)
    assert release(output, exercise=False) == Released(output, exercise=False)


@pytest.mark.parametrize("output", [Output.PERSON, Output.FEED])
def test_people_of_the_plant_and_other_systems_hear_of_a_drill_as_of_a_drill(output: Output) -> None:
    assert release(output, exercise=True).exercise is True


def _functions(tree: ast.AST) -> list[ast.AsyncFunctionDef | ast.FunctionDef]:
    return [n for n in ast.walk(tree) if isinstance(n, ast.AsyncFunctionDef | ast.FunctionDef)]


def _sends(function: ast.AST) -> bool:
    for node in ast.walk(function):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            if isinstance(node, ast.Attribute) and node.attr in SENDS:
                return True
            continue
        on = node.func.value
        name = on.id if isinstance(on, ast.Name) else on.attr if isinstance(on, ast.Attribute) else ""
        if node.func.attr in SENDS or (name, node.func.attr) in SENDS_ON:
            return True
    return False


def _has_leave(function: ast.AsyncFunctionDef | ast.FunctionDef, module: ast.Module) -> bool:
    """It takes the leave as an argument, or is private to a module whose every public way in asks for it."""
    arguments = [a.annotation for a in [*function.args.args, *function.args.kwonlyargs] if a.annotation is not None]
    if any("Released" in ast.unparse(annotation) for annotation in arguments):
        return True
    return function.name.startswith("_") and any(
        isinstance(n, ast.Call) and ast.unparse(n.func) in {"release", "outlet.release"} for n in ast.walk(module)
    )


def test_whatever_sends_has_leave_from_the_outlet() -> None:
    beside = []
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            module = ast.parse(path.read_text(encoding="utf-8"))
            for function in _functions(module):
                where = f"{path.relative_to(ROOT)}:{function.name}"
                if _sends(function) and where not in HARMLESS and not _has_leave(function, module):
                    beside.append(where)
    assert beside == []


def test_nobody_makes_leave_but_the_outlet() -> None:
    makers = []
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if path.name == "outlet.py":
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "Released":
                    makers.append(str(path.relative_to(ROOT)))
    assert makers == []
