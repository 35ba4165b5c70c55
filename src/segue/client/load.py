"""Many calls at once, each with its own connection, microphone and player."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from segue.adapters.clock.port import Clock
from segue.client.caller import Caller, CallReport, Line
from segue.client.connection import ConnectionConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPlan:
    """calls: 1..10,000. rate_per_s: new calls a second, > 0. lines: what each caller says."""

    calls: int
    rate_per_s: float
    lines: tuple[Line, ...]


async def run_load(
    plan: LoadPlan,
    connection: ConnectionConfig,
    clock: Clock,
    *,
    on_call_over: Callable[[CallReport], None] | None = None,
) -> list[CallReport]:
    """Make the calls; returns their reports in the order they were begun. A failed call is a report with errors."""

    async def one(number: int) -> CallReport:
        await asyncio.sleep(number / plan.rate_per_s)
        report = await Caller(connection, clock).call(list(plan.lines))
        if on_call_over is not None:
            on_call_over(report)
        return report

    async with asyncio.TaskGroup() as tasks:
        calls = [tasks.create_task(one(number), name=f"load.call.{number}") for number in range(plan.calls)]
    return [call.result() for call in calls]
