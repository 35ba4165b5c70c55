"""The agent of the chaos tests: greets, and has a tool that must not run twice and takes its time."""

import asyncio
import os
from pathlib import Path

from segue.agent import Agent, ToolContext, tool

CHARGE_S = 1.5


def note(line: str) -> None:
    with Path(os.environ["CHARGES"]).open("a") as file:
        file.write(line)


@tool(effect="once")
async def charge(context: ToolContext, euros: int) -> str:
    """Charge the customer's card.

    Args:
        euros: How much.
    """
    note(f"{context.key} {euros}\n")
    await asyncio.sleep(CHARGE_S)
    return f"Charged {euros} euros."


agent = Agent(name="Clerk", instructions="Be helpful.", greeting="Hello, this is the clerk.", tools=[charge])
