"""The device: what is asked for, or an error."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fewpix.errors import ConfigError, UnavailableError

torch = pytest.importorskip("torch")

from fewpix.train.device import use_device  # noqa: E402  (torch may not be installed)


@pytest.fixture(autouse=True)
def _threads_as_before() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_threads_are_set_where_a_number_is_given() -> None:
    assert use_device("cpu", 3) == "cpu"
    assert torch.get_num_threads() == 3
    use_device("cpu")
    assert torch.get_num_threads() == 3
    with pytest.raises(ConfigError, match="threads must be 0 or more, not -1"):
        use_device("cpu", -1)


def test_auto_is_the_best_that_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    for cuda, mps, expected in ((False, False, "cpu"), (True, True, "cuda"), (False, True, "mps")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda here=cuda: here)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda here=mps: here)
        assert use_device("auto") == expected


@pytest.mark.parametrize(
    "name", ["gpu", "cpu:0", "cpu:", "cuda:", "cuda:x", "cuda:-1", "cuda:١", "mps:0", "", "CPU"]
)
def test_what_is_no_device(name: str) -> None:
    with pytest.raises(ConfigError, match=f"unknown device '{name}'.*cuda:N"):
        use_device(name)


def test_a_device_that_is_not_here_is_no_reason_to_take_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert use_device("cuda") == "cuda"
    assert use_device("cuda:0") == "cuda:0"
    for name in ("cuda:1", "mps"):
        with pytest.raises(UnavailableError, match=f"'{name}' is not here"):
            use_device(name)
