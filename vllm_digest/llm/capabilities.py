"""What a server takes of a request: begun with what most do, changed by what it refuses."""

import json
import re
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

from vllm_digest.model_protocol import Message, Question, Role

_TEMPERATURE = 0.2
_ROOMS = ("max_tokens", "max_completion_tokens", "")
"""Names of the limit of an answer, in the order they are tried; the first is known to the most servers, and
those that want the second say so, while others pass over what they do not know."""
_FORM = "\n\n答复是一个符合以下 JSON Schema 的 JSON 对象（json object），此外不写任何内容：\n"
_MOST_ROOM = re.compile(r"(?:at most|maximum of|less than or equal to|<=|range of \[1,) ?(\d{2,7})")
_ROLE = re.compile(r"\brole|\b(?:system|developer) (?:messages?|prompt)")
_SCHEMA = re.compile(r"response_format|json_schema|json_object|schema|guided|grammar")


class AnswerForm(IntEnum):
    """How an answer is held to its schema, the strictest first."""

    SCHEMA = 0
    OBJECT = 1
    TEXT = 2

    @property
    def words(self) -> str:
        """What the server does for it."""
        return ("held to a schema", "held to JSON", "held to nothing but the prompt")[self]


@dataclass(frozen=True, slots=True)
class ServerCapabilities:
    """`room` is a place in `_ROOMS`; answers were seen to need `least_room` tokens, and get `most_room`."""

    form: AnswerForm = AnswerForm.SCHEMA
    room: int = 0
    temperature: bool = True
    system: bool = True
    least_room: int = 0
    most_room: int | None = None

    def request(self, model: str, question: Question, room: int) -> dict[str, Any]:
        """The body of a call."""
        body: dict[str, Any] = {"model": model, "messages": self._messages(question)}
        if self.form is AnswerForm.SCHEMA:
            schema = {"name": "answer", "strict": True, "schema": dict(question.schema)}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif self.form is AnswerForm.OBJECT:
            body["response_format"] = {"type": "json_object"}
        if self.temperature:
            body["temperature"] = _TEMPERATURE
        if name := _ROOMS[self.room]:
            body[name] = room
        return body

    def _messages(self, question: Question) -> list[dict[str, str]]:
        messages = list(question.messages)
        if self.form is not AnswerForm.SCHEMA:
            schema = json.dumps(question.schema, ensure_ascii=False, separators=(",", ":"))
            messages[0] = replace(messages[0], text=f"{messages[0].text}{_FORM}{schema}")
        if not self.system:
            messages = _without_system(messages)
        return [{"role": message.role.value, "content": message.text} for message in messages]

    def after(self, words: str) -> "ServerCapabilities | None":
        """What to speak after a refusal in these words (small letters); None when they name nothing of it."""
        if self.most_room is None and "token" in words and (limit := _MOST_ROOM.search(words)):
            return replace(self, most_room=int(limit[1]))
        if (name := _ROOMS[self.room]) and name in words:
            return replace(self, room=self.room + 1)
        if self.temperature and "temperature" in words:
            return replace(self, temperature=False)
        if self.system and re.search(
            r"\b(?:system|developer)\b.{0,40}\b(?:role|messages?|prompt)|\brole", words
        ):
            return replace(self, system=False)
        if _SCHEMA.search(words):
            return self.plainer()
        return None

    def plainer(self) -> "ServerCapabilities | None":
        """With the next looser hold on the answer's form, if there is one."""
        return None if self.form is AnswerForm.TEXT else replace(self, form=AnswerForm(self.form + 1))


def _without_system(messages: list[Message]) -> list[Message]:
    """The system's words before the first of the user's."""
    said = "\n\n".join(message.text for message in messages if message.role is Role.SYSTEM)
    others = [message for message in messages if message.role is not Role.SYSTEM]
    return [Message(Role.USER, f"{said}\n\n{others[0].text}"), *others[1:]] if said else others
