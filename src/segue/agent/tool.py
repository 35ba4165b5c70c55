"""A function of the author's that the model may call.

Rules: arguments are decoded and checked against the type hints before the function runs; what it returns is told to the
model as text (a string as it is, anything else as JSON); what it raises is told too, and never ends the conversation.
A function that is not async runs on a thread of its own, so that it cannot hold up speech.
"""

import asyncio
import inspect
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, overload

import msgspec

from segue.agent.schema import (
    JsonObject,
    arguments_type,
    parameters_schema,
    place_of,
    summary_of,
    with_full_times,
)
from segue.model.errors import ConfigError
from segue.model.ids import OperationKey, SessionId
from segue.voice.results import ToolReturned

R = TypeVar("R")
ToolFunction = Callable[..., Any]
Lookup = Callable[[str], Any] | Callable[[str], Awaitable[Any]]
ToolEffect = Literal["once", "idempotent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolContext:
    """Given to a tool that has a parameter of this type."""

    key: OperationKey
    """Names this one call, the same after a crash. Keep it with what the call changes: `lookup` is given it."""
    session: SessionId


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One tool, ready to be offered and called. Made by `@tool`; calling it calls the author's function."""

    name: str
    description: str
    parameters: JsonObject
    """JSON Schema of the arguments object."""
    effect: ToolEffect
    function: ToolFunction
    arguments: type[msgspec.Struct]
    context_parameter: str | None
    lookup: Lookup | None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)

    async def run(self, arguments: str, context: ToolContext) -> ToolReturned:
        """Call the function with a JSON object of arguments. Never raises, except when cancelled.

        A cancelled call of a function that is not async runs on to its end on its thread; nobody hears of it.
        """
        try:
            given = with_full_times(msgspec.json.decode(arguments or "{}"), self.parameters)
            decoded = msgspec.convert(given, self.arguments, strict=False)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            return ToolReturned(output=f"Error: the arguments of {self.name} do not fit: {error}", outcome="raised")
        values = {name: getattr(decoded, name) for name in self.arguments.__struct_fields__}
        if self.context_parameter is not None:
            values[self.context_parameter] = context
        try:
            result = await _called(self.function, self.name, values)
            return ToolReturned(output=_as_text(result), outcome="done")
        except Exception as error:  # noqa: BLE001 - the author's function may raise anything, and the model is told
            return ToolReturned(output=f"Error: {type(error).__name__}: {error}", outcome="raised")

    async def look_up(self, key: OperationKey) -> ToolReturned:
        """Ask the tool's own `lookup` whether the call under `key` happened. Never raises, except when cancelled."""
        if self.lookup is None:
            return ToolReturned(output=f"It is not known whether {self.name} happened.", outcome="unknown")
        try:
            found = await _called(self.lookup, f"{self.name}.lookup", {}, key)
            if found is None:
                return ToolReturned(output=f"{self.name} did not happen.", outcome="not_done")
            return ToolReturned(output=_as_text(found), outcome="done")
        except Exception as error:  # noqa: BLE001 - as above; in doubt stays in doubt
            reason = f"{type(error).__name__}: {error}"
            return ToolReturned(output=f"It is not known whether {self.name} happened: {reason}", outcome="unknown")


@overload
def tool(function: ToolFunction, /) -> Tool: ...


@overload
def tool(*, effect: ToolEffect = "idempotent", lookup: Lookup | None = None) -> Callable[[ToolFunction], Tool]: ...


def tool(
    function: ToolFunction | None = None, /, *, effect: ToolEffect = "idempotent", lookup: Lookup | None = None
) -> Tool | Callable[[ToolFunction], Tool]:
    """Make a tool of a typed function; its docstring is what the model reads.

    Args:
        function: With `@tool` alone.
        effect: `once` for what must never happen twice (a booking, a payment): its intent is durable before it runs,
            and after a crash it is not simply run again. `idempotent` for the rest: it may run again under its key.
        lookup: For `once`: given the call's key, return what it returned, or None if it never happened. Without it the
            model is told that the outcome is unknown.
    Raises:
        ConfigError: A parameter without a usable type hint; an effect that is none; a lookup without `once`.
    """
    if function is not None:
        return _make(function, effect, lookup)
    return lambda decorated: _make(decorated, effect, lookup)


def _make(function: ToolFunction, effect: ToolEffect, lookup: Lookup | None) -> Tool:
    if not callable(function):
        raise ConfigError("@tool", f"{function!r} is not a function")
    where = place_of(function)
    if effect not in ("once", "idempotent"):
        raise ConfigError(where, f"effect {effect!r} is none", hint='it is "once" or "idempotent"')
    if lookup is not None and effect != "once":
        raise ConfigError(where, "has a lookup but may run twice", hint='a lookup belongs to effect="once"')
    arguments, context_parameter = arguments_type(function, skip=ToolContext)
    return Tool(
        name=arguments.__name__,
        description=summary_of(function),
        parameters=parameters_schema(arguments),
        effect=effect,
        function=function,
        arguments=arguments,
        context_parameter=context_parameter,
        lookup=lookup,
    )


async def _called(function: Callable[..., Any], name: str, values: dict[str, Any], *args: Any) -> Any:
    if inspect.iscoroutinefunction(function):
        return await function(*args, **values)
    result = await _on_thread(lambda: function(*args, **values), name)
    return await result if inspect.isawaitable(result) else result


async def _on_thread(work: Callable[[], R], name: str) -> R:
    """Run `work` on a daemon thread: one that hangs delays neither speech nor the end of the process."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[R] = loop.create_future()

    def settle(result: R | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]  # R may be None

    def run() -> None:
        try:
            outcome: tuple[R | None, BaseException | None] = (work(), None)
        except StopIteration as error:  # A future refuses it.
            outcome = (None, RuntimeError(f"StopIteration: {error}"))
        except BaseException as error:  # noqa: BLE001 - carried to the caller
            outcome = (None, error)
        try:
            loop.call_soon_threadsafe(settle, *outcome)
        except RuntimeError:
            return  # The process is ending: the loop is closed and nobody waits.

    threading.Thread(target=run, name=f"tool.{name}", daemon=True).start()
    return await future


def _as_text(result: Any) -> str:
    if isinstance(result, str):
        return result
    if result is None:
        return "done"
    return msgspec.json.encode(result, enc_hook=str).decode()
