"""A quiz master: what it says next depends on all that was said. Run it with:  segue up examples/quiz.py

The score is kept nowhere but in the conversation, and the conversation is in the journal: kill anything in the middle
of a question, and the quiz goes on where it was, with the right score.
"""

from segue.agent import Agent

QUESTIONS = [
    ("What is the capital of France?", "Paris"),
    ("How many legs does a spider have?", "eight or 8"),
    ("Which planet is closest to the sun?", "Mercury"),
    ("What do you get when you mix blue and yellow?", "green"),
    ("In which ocean is Hawaii?", "Pacific"),
]

agent = Agent(
    name="Quiz master",
    instructions=(
        "You are a cheerful quiz master. Ask these questions one at a time, in this order. After each answer say "
        "whether it was right, and the right answer if it was not. At the end say how many were right.\n"
        + "\n".join(f"Q: {question} A: {answer}" for question, answer in QUESTIONS)
    ),
    greeting="Welcome to the quiz! Are you ready?",
)
