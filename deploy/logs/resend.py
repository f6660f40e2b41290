"""Sends again what Elasticsearch has refused as a whole, full or half started: rsyslog sets that aside and goes on.

    python deploy/logs/resend.py "$ARTEL_SHIP/refused.log" http://127.0.0.1:9200

A document is there once however often it is sent. How far the file was read stands beside it; what is wrong in itself
is left in `refused.wrong`, with the reason.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

Json = dict[str, Any]
THERE_ALREADY = 409
PASSING = {429, 502, 503, 504}


def main(argv: Sequence[str]) -> int:
    """OSError: nobody answers; RuntimeError: it is still not well. The next run begins where this one stopped."""
    refused, search = Path(argv[0]), argv[1].rstrip("/")
    done, wrong = refused.with_suffix(".done"), refused.with_suffix(".wrong")
    text = refused.read_text(encoding="utf-8") if refused.exists() else ""
    at = int(done.read_text()) if done.exists() else 0
    for record, end in _records(text, at):
        if reasons := _send(record, search):
            with wrong.open("a", encoding="utf-8") as file:
                file.write(json.dumps({**record, "reasons": reasons}, ensure_ascii=False) + "\n")
        done.write_text(str(end))
    return 1 if wrong.exists() else 0


def _records(text: str, at: int) -> Iterator[tuple[Json, int]]:
    """Each with where it ends."""
    while (begin := text.find("{", at)) >= 0:
        record, at = json.JSONDecoder().raw_decode(text, begin)
        yield record, at


def _send(record: Json, search: str) -> list[Any]:
    """Why not."""
    address = urlsplit(search)
    connect = HTTPSConnection if address.scheme == "https" else HTTPConnection
    with closing(connect(address.hostname or "", address.port, timeout=30)) as connection:
        kind = {"Content-Type": "application/x-ndjson"}
        connection.request("POST", "/_bulk", record["request"]["postdata"].encode(), kind)
        answer = connection.getresponse()
        said = json.loads(answer.read())
    if answer.status in PASSING:
        raise RuntimeError(f"{search} answers {answer.status}: try later")
    if answer.status >= 300:
        return [said]
    results = [next(iter(item.values())) for item in said["items"]]
    return [each for each in results if each["status"] >= 300 and each["status"] != THERE_ALREADY]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
