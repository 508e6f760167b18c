"""Weights that go up to a real card and leave it again. Run with `pytest -n 0 -m gpu tests/gpu`."""

import pytest
import torch
from torch import nn

from models.masters import HostMaster

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]
MIB = 2**20


def wide() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(*[nn.Linear(1024, 1024) for _ in range(16)]).requires_grad_(
        requires_grad=False
    )


def test_a_slab_is_pinned_and_frees_the_card_when_its_weights_leave() -> None:
    module = wide()
    card, x = torch.device("cuda"), torch.randn(4, 1024)
    expected = module(x)
    master = HostMaster([module], pin=True)
    assert master._slab.is_pinned()
    before = torch.cuda.memory_allocated()
    master.up(card)
    assert torch.cuda.memory_allocated() - before >= master.bytes
    assert torch.allclose(module(x.cuda()).cpu(), expected, atol=1e-4)
    master.down()
    assert torch.cuda.memory_allocated() == before
    assert torch.equal(module(x), expected)
    master.close()


def test_a_copy_on_another_stream_is_whole_before_it_is_used() -> None:
    module = wide()
    master = HostMaster([module], pin=True)
    x = torch.randn(4, 1024)
    expected, stream = module(x), torch.cuda.Stream()
    busy = torch.randn(4096, 4096, device="cuda")
    for _ in range(20):
        master.up(torch.device("cuda"), stream)
        busy = (busy @ busy).tanh()  # what the card does meanwhile
        master.settle()
        assert torch.allclose(module(x.cuda()).cpu(), expected, atol=1e-4)
        master.down()
    master.close()


def test_a_copy_that_is_dropped_under_way_never_writes_into_what_comes_after() -> None:
    module = wide()
    master = HostMaster([module], pin=True)
    stream = torch.cuda.Stream()
    for _ in range(20):
        master.up(torch.device("cuda"), stream)
        master.down()
        fresh = torch.zeros(16 * MIB, device="cuda")
        torch.cuda.synchronize()
        assert not fresh.any()
    master.close()
