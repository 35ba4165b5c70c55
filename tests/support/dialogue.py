"""A dialogue model whose answer depends on the conversation only, so that asking it again says the same words."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from tests.support.fake_providers import Behaviour, FakeProviders, Route, Say


class FakeDialogue(FakeProviders):
    """Answers by what the user said last; after a tool has returned, by `after_tool`."""

    def __init__(self, *, port: int, answers: Mapping[str, Behaviour], after_tool: Behaviour | None = None) -> None:
        super().__init__(port=port)
        self.answers = dict(answers)
        self.after_tool = after_tool or Say(text="It is done.")

    def _take(self, route: Route, request: web.Request, body: Any) -> Behaviour:
        taken = super()._take(route, request, body)
        if route != "chat":
            return taken
        last = body["messages"][-1]
        if last["role"] == "tool":
            return self.after_tool
        said = str(last["content"]).lower()
        return next((answer for word, answer in self.answers.items() if word in said), taken)
