"""Weights in host memory: what comes up is what went in, and nothing is copied down."""

import pytest
import torch
from torch import nn

from models.masters import HostMaster

CPU = torch.device("cpu")


class Tied(nn.Module):
    """Two names for one matrix, a buffer, a kernel in channels-last order, an empty tensor."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embedding = nn.Embedding(7, 5)
        self.head = nn.Linear(5, 7, bias=False)
        self.head.weight = self.embedding.weight
        self.conv = nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)
        self.narrow = nn.Linear(3, 3).half()
        self.register_buffer("steps", torch.arange(6), persistent=False)
        self.register_buffer("nothing", torch.empty(0))


@pytest.fixture
def module() -> Tied:
    return Tied().requires_grad_(requires_grad=False)


def values(module: nn.Module) -> dict[str, torch.Tensor]:
    named = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    return {name: tensor.clone() for name, tensor in named.items()}


def pointers(module: nn.Module) -> list[int]:
    return [p.data_ptr() for p in module.parameters()]


def same(left: dict[str, torch.Tensor], right: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(left[name], right[name]) for name in left)


def test_up_and_down_keeps_every_value_and_layout(module: Tied) -> None:
    before = values(module)
    master = HostMaster([module], pin=False)
    assert same(before, values(module))
    master.up(CPU)
    assert same(before, values(module))
    assert module.conv.weight.is_contiguous(memory_format=torch.channels_last)
    master.down()
    assert same(before, values(module))


def test_tied_weights_are_held_once_and_stay_tied(module: Tied) -> None:
    master = HostMaster([module, module.head], pin=False)
    assert master.bytes < 512 * 8
    master.up(CPU)
    assert module.head.weight.data_ptr() == module.embedding.weight.data_ptr()


def test_what_came_up_is_a_copy_that_can_be_dropped(module: Tied) -> None:
    master = HostMaster([module], pin=False)
    home = pointers(module)
    master.up(CPU)
    assert not set(pointers(module)) & set(home)
    with torch.no_grad():
        module.narrow.weight.zero_()  # whatever happens on the device never reaches the master
    master.down()
    assert pointers(module) == home
    assert module.narrow.weight.abs().sum() > 0


def test_a_copy_that_finds_no_memory_leaves_the_weights_on_the_host(
    module: Tied, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = values(module)
    master = HostMaster([module], pin=False)
    home, made = pointers(module), []

    def short(*_: object, **__: object) -> torch.Tensor:
        made.append(1)
        if len(made) == 3:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return torch.empty(1)

    monkeypatch.setattr("models.masters.torch.empty_like", short)
    with pytest.raises(torch.OutOfMemoryError):
        master.up(CPU)
    assert pointers(module) == home
    assert same(before, values(module))
