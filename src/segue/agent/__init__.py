"""What the author of an agent imports.

    from segue.agent import Agent, tool

    @tool
    def time_in(city: str) -> str:
        \"\"\"Say what time it is in a city.\"\"\"
        ...

    agent = Agent(name="helper", instructions="You help.", tools=[time_in])

An agent is data and typed functions; it opens nothing and starts nothing. `segue up agent.py` runs it.
"""

from segue.agent.agent import Agent, Providers
from segue.agent.load import load_agent
from segue.agent.tool import Tool, ToolContext, tool

__all__ = ["Agent", "Providers", "Tool", "ToolContext", "load_agent", "tool"]
