"""Load an agent from the author's file, or say in one line what is wrong with it and where."""

import importlib.util
import sys
import traceback
from pathlib import Path
from types import ModuleType

from segue.agent.agent import Agent
from segue.model.errors import ConfigError


def load_agent(path: Path | str) -> Agent:
    """Import `path` and return the one `Agent` in it.

    Raises:
        ConfigError: The file is missing or does not import (the message names its line); it holds no agent, or several
            and none of them is called `agent`.
    """
    file = Path(path).resolve()
    if not file.is_file():
        raise ConfigError(str(path), "there is no such file", hint="`segue init` writes a starter agent")
    if file.suffix != ".py":
        raise ConfigError(str(path), "is not a Python file", hint="an agent is a .py file with an Agent in it")
    module = _imported(file)
    named = vars(module).get("agent")
    if isinstance(named, Agent):
        return named
    found = {id(value): name for name, value in vars(module).items() if isinstance(value, Agent)}
    agents = [value for value in vars(module).values() if id(value) in found and isinstance(value, Agent)]
    if not found:
        raise ConfigError(str(path), "holds no Agent", hint='write: agent = Agent(name="…", instructions="…")')
    if len(found) > 1:
        names = ", ".join(sorted(found.values()))
        raise ConfigError(str(path), f"holds several agents ({names})", hint="call the one to run `agent`")
    return agents[0]


def _imported(file: Path) -> ModuleType:
    name = f"segue_agent_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None, "a .py file has a loader"
    assert spec.loader is not None, "a .py file has a loader"
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    if str(file.parent) not in sys.path:
        sys.path.insert(0, str(file.parent))
    try:
        spec.loader.exec_module(module)
    except ConfigError:
        del sys.modules[name]
        raise
    except SyntaxError as error:
        del sys.modules[name]
        raise ConfigError(f"{error.filename}:{error.lineno}", f"is not Python: {error.msg}") from error
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise ConfigError(_line_in(file, error), f"does not import: {type(error).__name__}: {error}") from error
    return module


def _line_in(file: Path, error: BaseException) -> str:
    """`file:line` of the last frame in the author's own file."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
    return f"{file}:{lines[-1]}" if lines else str(file)
