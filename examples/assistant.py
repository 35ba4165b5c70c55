"""A plain assistant: instructions and nothing else. Run it with:  segue up examples/assistant.py"""

from segue.agent import Agent

agent = Agent(
    name="Ada",
    instructions=(
        "Your name is Ada. You are a friendly assistant on the telephone. "
        "Answer in one or two short sentences, in plain words, as one speaks."
    ),
    greeting="Hello, this is Ada. What can I do for you?",
)
