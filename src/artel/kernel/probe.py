"""A question on the way of an event: whoever would take such an event in answers, by a nudge, and does nothing else.

So it is seen that the topic is bound to the queue, and that somebody reads it.
"""

import orjson

PROBE = "artel.probe.asked.v1"
ANSWERS = "artel.probe.answered"


def asked(probe_id: str, topic: str) -> bytes:
    return orjson.dumps([probe_id, topic])


def answer(question: bytes, group: str) -> tuple[str, bytes]:
    """The nudge's topic and body."""
    probe_id, topic = orjson.loads(question)
    return f"{ANSWERS}.{probe_id}", orjson.dumps([group, topic])
