"""Where `/metrics` is, and what it costs whoever asks."""

import urllib.request

from artel.kernel.settings import Settings
from artel.serving import ports
from servers import free_port, listening


def test_they_are_where_the_settings_say_and_nowhere_else() -> None:
    settings = Settings(port=free_port(), admin_port=free_port(), admin_host="127.0.0.2")
    with ports(settings):
        assert not listening(settings.admin)
        with urllib.request.urlopen(f"http://127.0.0.2:{settings.admin}/metrics", timeout=10) as answer:
            text = answer.read().decode()
    assert "# TYPE artel_http_seconds histogram" in text
    assert "_created" not in text
    assert not listening(settings.admin, host="127.0.0.2")


def test_without_a_word_they_are_for_this_machine_alone() -> None:
    settings = Settings(port=free_port())
    assert (settings.admin_host, settings.admin) == ("127.0.0.1", settings.port + 1)
