"""The one outlet: what a drill may let out, and that nothing leaves beside it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from core.outlet import Inhibited, Output, Released, release

ROOT = Path(__file__).parent.parent.parent
# The product's own code; muster/ holds the tools and the demo plant's hardware, which are outside of it.
PACKAGES = ("core", "people", "plant", "resources", "incidents", "realtime", "api")
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


# What can open a line to the outside. Who imports one of these is here, and why it is no way around the outlet.
LINES = {"httpx", "requests", "apprise", "smtplib", "aiosmtplib", "aiomqtt", "urllib.request", "http.client", "socket"}
BESIDE = {
    # Reads an address and sends nothing.
    "people/reach/message_url.py",
    # The name of this machine, for its lease.
    "plant/gateway.py",
    # The one who is given the leave: feed_sender asks for it.
    "incidents/record/feed_post.py",
}


def _imports(module: ast.Module) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def _modules() -> list[tuple[str, ast.Module]]:
    paths = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    return [(str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8"))) for path in paths]


def test_every_module_that_can_open_a_line_asks_the_outlet() -> None:
    lines = {
        where
        for where, module in _modules()
        if any(name == line or name.startswith(f"{line}.") for name in _imports(module) for line in LINES)
    }
    asking = {where for where, module in _modules() if "core.outlet.release" in _imports(module)}
    assert lines - asking == BESIDE
    poster = next(module for where, module in _modules() if where == "incidents/record/feed_post.py")
    assert "core.outlet.Released" in _imports(poster)


def test_commands_go_onto_the_wire_in_one_place() -> None:
    """The topic of commands is named where devices are let in, and where the outlet is asked."""
    naming = {where for where, module in _modules() if "plant.mqtt_wire.COMMANDS" in _imports(module)}
    naming |= {where for where, module in _modules() if "plant.protocols.COMMANDS" in _imports(module)}
    naming |= {where for where, module in _modules() if "mobile_contract.devices.COMMANDS" in _imports(module)}
    assert naming == {"plant/command_runner.py"}


def _calls_of(name: str) -> dict[str, str | None]:
    """Where and in which function it is called -> what it is told of ``inhibited``."""
    return {
        f"{where}:{function.name}": next((ast.unparse(k.value) for k in node.keywords if k.arg == "inhibited"), None)
        for where, module in _modules()
        for function in _functions(module)
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == name
    }


def test_every_command_of_an_incident_is_inhibited_in_a_drill() -> None:
    """Commands are asked for in one module, and what Muster itself asks for is told whether it is a drill's."""
    assert _calls_of("request_command") == {"incidents/commanding.py:_request": "inhibited"}
    # A person's own command by hand belongs to no incident: it is meant.
    asked = {where: said for where, said in _calls_of("_request").items() if where.startswith("incidents/commanding")}
    assert asked == {
        "incidents/commanding.py:command_by_hand": None,
        "incidents/commanding.py:command_for": "incident.exercise",
    }
    assert {where.split(":")[0] for where in _calls_of("command_for")} == {
        "incidents/closing.py",
        "incidents/matrix/live.py",
        "incidents/plans/planning.py",
    }
