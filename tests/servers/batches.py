"""OpenAI's Files and Batch API, as far as a batch of chat completions needs them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from email import message_from_bytes
from typing import Any

from tests.servers.answers import Answer

Line = Callable[[Mapping[str, Any]], Answer]


class Batches:
    """Files and batches of a server. A batch is worked off when it is looked at after `finish()`."""

    def __init__(self, line: Line) -> None:
        """`line`: returns the answer to the body of one request."""
        self.files: dict[str, bytes] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.status = "in_progress"
        """Of all batches until they are finished; a test may set it to `failed`, `expired`, `cancelled`."""
        self._line = line

    def finish(self) -> None:
        """Complete all batches."""
        for job in self.jobs.values():
            outputs, errors = self.work_off(self.files[job["input_file_id"]].decode())
            job["status"] = self.status = "completed"
            job["output_file_id"] = self._keep(outputs) if outputs else None
            job["error_file_id"] = self._keep(errors) if errors else None

    def work_off(self, requests: str) -> tuple[str, str]:
        """The lines of answers and of failed requests for a file of requests."""
        outputs: list[str] = []
        errors: list[str] = []
        for number, line in enumerate(requests.splitlines()):
            request = json.loads(line)
            answer = self._line(request["body"])
            told = {
                "id": f"batch_req_{number}",
                "custom_id": request["custom_id"],
                "response": {"status_code": answer.status, "request_id": "", "body": json.loads(answer.body)},
                "error": None,
            }
            (outputs if answer.status == 200 else errors).append(json.dumps(told, ensure_ascii=False))
        return "\n".join(outputs), "\n".join(errors)

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer | None:
        """The answer to a request under `/v1/files` or `/v1/batches`."""
        parts = path.removeprefix("/v1/").split("/")
        match (method, *parts):
            case ("POST", "files"):
                return self._upload(headers["content-type"], body)
            case ("GET", "files", name, "content") if name in self.files:
                return Answer(raw=self.files[name], headers={"content-type": "application/octet-stream"})
            case ("POST", "batches"):
                return self._begin(json.loads(body))
            case ("GET", "batches", name) if name in self.jobs:
                return Answer(payload=self.jobs[name] | {"status": self.jobs[name]["status"] or self.status})
            case _:
                return None

    def _upload(self, content_type: str, body: bytes) -> Answer:
        message = message_from_bytes(b"content-type: " + content_type.encode() + b"\r\n\r\n" + body)
        fields = {
            part.get_param("name", header="content-disposition"): part.get_payload(decode=True)
            for part in message.walk()
            if not part.is_multipart()
        }
        content = fields["file"]
        if fields["purpose"] != b"batch" or not isinstance(content, bytes):
            return Answer(400, {"error": {"message": "Invalid purpose", "param": "purpose", "code": None}})
        name = self._keep(content.decode())
        return Answer(payload={"id": name, "object": "file", "purpose": "batch", "bytes": len(content)})

    def _begin(self, asked: Mapping[str, Any]) -> Answer:
        name = f"batch_{len(self.jobs) + 1}"
        self.jobs[name] = {
            "id": name,
            "object": "batch",
            "endpoint": asked["endpoint"],
            "input_file_id": asked["input_file_id"],
            "completion_window": asked["completion_window"],
            "status": None,
            "created_at": 1_765_366_950,
        }
        return Answer(payload=self.jobs[name] | {"status": "validating"})

    def _keep(self, content: str) -> str:
        name = f"file-{len(self.files) + 1}"
        self.files[name] = content.encode()
        return name
