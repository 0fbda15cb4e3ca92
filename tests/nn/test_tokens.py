import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from fleeting.core import UsageError
from fleeting.nn import SelfAttention, TransformerBlock, merge_tokens


def rand(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_plain_attention_is_torch_s_own() -> None:
    ours, theirs = SelfAttention(16, 4), nn.MultiheadAttention(16, 4, batch_first=True)
    theirs.in_proj_weight.data, theirs.in_proj_bias.data = ours.into.weight.data, ours.into.bias.data
    theirs.out_proj.load_state_dict(ours.out.state_dict())
    x = rand(3, 7, 16)
    expected, weights = theirs(x, x, x, average_attn_weights=False)
    assert torch.allclose(ours(x), expected, atol=1e-5)
    assert torch.allclose(ours.weights_and_values(x)[1], weights, atol=1e-5)


def test_a_token_that_does_not_see_itself_has_no_weight_on_itself() -> None:
    weights = SelfAttention(16, 4, sees_itself=False).weights_and_values(rand(2, 5, 16))[1]
    assert torch.all(weights.diagonal(dim1=2, dim2=3) == 0)
    assert torch.allclose(weights.sum(3), torch.ones(2, 4, 5))


def test_a_learnt_temperature_starts_where_the_fixed_one_is_and_sharpens() -> None:
    fixed, learnt = SelfAttention(16, 4), SelfAttention(16, 4, learnt_temperature=True)
    learnt.load_state_dict(fixed.state_dict(), strict=False)
    x = rand(2, 5, 16)
    assert torch.equal(fixed(x), learnt(x))
    assert "temperature" in dict(learnt.named_parameters()) and "temperature" not in fixed.state_dict()
    before = learnt.weights_and_values(x)[1].amax(3).mean()
    with torch.no_grad():
        learnt.temperature.mul_(0.1)
    assert learnt.weights_and_values(x)[1].amax(3).mean() > before + 0.1


def test_a_token_of_size_two_counts_as_two_of_it() -> None:
    module, x = SelfAttention(16, 4), rand(1, 4, 16)
    doubled = torch.cat([x, x[:, 3:]], 1)
    merged = module(x, torch.tensor([[1.0, 1.0, 1.0, 2.0]]))
    assert torch.allclose(merged, module(doubled)[:, :4], atol=1e-5)


@given(st.integers(2, 12), st.integers(0, 6), st.booleans(), st.integers(0, 50))
def test_merging_loses_nothing(tokens: int, count: int, keep_first: bool, seed: int) -> None:
    most = (tokens + 1) // 2 - keep_first
    x, sizes = rand(2, tokens, 3, seed=seed), rand(2, tokens, seed=seed + 1).abs() + 1
    if count > most:
        with pytest.raises(UsageError, match="expected 0 to"):
            merge_tokens(x, x, sizes, count, keep_first=keep_first)
        return
    merged, grown = merge_tokens(x, x, sizes, count, keep_first=keep_first)
    assert merged.shape == (2, tokens - count, 3) and grown.shape == (2, tokens - count)
    assert torch.allclose(grown.sum(1), sizes.sum(1), rtol=1e-5)
    before, after = (x * sizes[..., None]).sum(1), (merged * grown[..., None]).sum(1)
    assert torch.allclose(before, after, atol=1e-4)
    if keep_first:
        assert torch.allclose(merged[:, 0], x[:, 0], atol=1e-5)


def test_the_most_alike_are_merged_by_hand() -> None:
    """Places 0 2 4 may go into 1 3: (2, 3) have cosine 1, (4, 1) 0.6; 0 is kept."""
    x = torch.tensor([[[5.0, 5.0], [0.6, 0.8], [2.0, 0.0], [4.0, 0.0], [1.0, 0.0]]])
    x[0, 4] = torch.tensor([0.0, -1.0])
    merged, sizes = merge_tokens(x, x, torch.tensor([[1.0, 1, 3, 1, 1]]), 1)
    assert sizes[0].tolist() == [1, 1, 1, 4]
    expected = [[5, 5], [0, -1], [0.6, 0.8], [(3 * 2 + 4) / 4, 0]]
    assert torch.allclose(merged[0], torch.tensor(expected))


def test_two_may_go_into_the_same() -> None:
    x = torch.tensor([[[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]])
    merged, sizes = merge_tokens(x, x, torch.ones(1, 4), 2, keep_first=False)
    assert sizes[0].tolist() == [3, 1] and torch.allclose(merged[0], torch.tensor([[1.0, 0], [0, 1]]))


def test_a_block_learns_through_every_weight() -> None:
    block = TransformerBlock(8, 2, learnt_temperature=True, sees_itself=False)
    block(rand(2, 5, 8)).square().sum().backward()
    small = [name for name, one in block.named_parameters() if not one.grad.abs().max() > 1e-6]
    assert small == []


def test_heads_must_share_out_the_width() -> None:
    with pytest.raises(UsageError, match="multiple of 3"):
        SelfAttention(16, 3)
