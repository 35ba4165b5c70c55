"""`segue init`: a commented agent to start from."""

from pathlib import Path

from segue.model.errors import ConfigError

STARTER = '''"""My first Segue agent. Run it with:  segue up {name}"""

from segue.agent import Agent, ToolContext, tool

# A tool is a typed function. The model sees its name, docstring and parameters; Segue checks the arguments.


@tool
def opening_hours(day: str) -> str:
    """Say when the shop is open on a day of the week."""
    return "It is closed." if day.lower() == "sunday" else "It is open from 9 to 6."


# With effect="once" Segue writes down that it is about to call the function before it does, and never calls it a second
# time for the same request, not even when the process is killed in the middle. `lookup` says, after such a crash,
# whether it happened: it gets the same key and returns the result, or None if it did not.

ORDERS: dict[str, str] = {{}}  # stands for your database, with the key in a column of its own


def find_order(key: str) -> str | None:
    return ORDERS.get(key)


@tool(effect="once", lookup=find_order)
def place_order(context: ToolContext, item: str, quantity: int) -> str:
    """Order an item from the shop."""
    ORDERS[context.key] = f"{{quantity}} {{item}}"
    return f"Ordered {{quantity}} {{item}}."


agent = Agent(
    name="shop",
    instructions="You are the friendly voice of a small shop. Answer in one or two short sentences.",
    greeting="Hello, this is the shop. What can I do for you?",
    tools=[opening_hours, place_order],
)
'''


def write_starter(path: Path) -> None:
    """Write the commented starter.

    Raises:
        ConfigError: There is such a file already, or it cannot be written.
    """
    if path.exists():
        raise ConfigError(str(path), "exists already", hint="name another file: segue init other.py")
    try:
        path.write_text(STARTER.format(name=path.name))
    except OSError as error:
        raise ConfigError(str(path), f"cannot be written: {error.strerror}") from error
