"""EPIR: a small transformer with shifted patches, merged tokens and chosen tokens (arXiv:2604.08106).

Only the abstract and a digest of the paper could be read. The reading puts together known parts of
transformers for small data: shifted patch tokenization and locality self-attention (Lee et al. 2021), token
merging (Bolya et al. 2023), choice of tokens and a contrastive loss as in TransFG (He et al. 2022).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fleeting.nn import TransformerBlock, merge_tokens, signed_maps
from fleeting.systems.contract import Card
from fleeting.systems.registry import register
from fleeting.training import Rows, TorchRecognizer, TrainingSettings, mirror_some

SIDE, PATCH = 28, 4
GRID = SIDE // PATCH
DIAGONAL = ((-1, -1), (-1, 1), (1, -1), (1, 1))
REFINED = (*DIAGONAL, (-1, 0), (1, 0), (0, -1), (0, 1))
SHIFTS = {"refined": REFINED, "diagonal": DIAGONAL, "none": ()}

CARD = Card(
    name="epir",
    title="EPIR: efficient patch tokenization, integration and representation",
    paper="arXiv:2604.08106",
    task="recognition",
    kind="reading of the abstract",
    inputs=("flowmap28",),
    claims=(
        "fewer tokens without loss of information: high recognition at low computational cost",
        "attention that looks less at the token itself, and a choice of tokens, give better representations",
        "+9.6 % UF1 on CAS(ME)3, +4.58 % UAR on SMIC over others (absolute values not readable)",
    ),
    parts={
        "DNSPT, token integration between blocks, improved attention, DTSM": "paper (abstract)",
        "optical flow alone as input; cross-entropy and a contrastive loss": "digest of the paper",
        "DNSPT: the map and its shifts by half a patch, layer norm before and after the projection": (
            "our reading"
        ),
        "eight directions of shift": "our reading of 'refined'; four diagonals by switch",
        "integration: the 8 most similar pairs merge by weighted mean, twice; attention knows sizes": (
            "our reading"
        ),
        "attention: learnt temperature for each head, a token does not see itself": "our reading",
        "DTSM: the tokens that hold 0.7 of the class token's attention in the last block": "our reading",
        "contrastive loss of TransFG, margin 0.4, weight 0.1": "our reading",
        "paper: width 192, 6 blocks and one over the chosen tokens": (
            "our choice: 2.2 M parameters, 1.6 % of HTNet's 139,582,982 (digest)"
        ),
        "AdamW 5e-4, decay 0.05, 100 epochs, batch 64, smoothing 0.1": "our reading",
        "small: width 64, 4 blocks, 60 epochs, cosine, mirrored": "our choice",
    },
    switches={
        "tokenization": "DNSPT with eight shifts or four, or plain patches with one norm",
        "integration": "similar tokens merge between blocks",
        "improved_attention": "learnt temperature, no look at oneself",
        "selection": "DTSM: by attention mass, one token a head, or all tokens",
        "contrastive": "the contrastive loss",
    },
    choices={"tokenization": tuple(SHIFTS), "selection": ("mass", "heads", "none")},
    check={"training": {"epochs": 18, "batch_size": 8, "augment": False}},
    bibtex="""@article{epir2026,
  title = {{EPIR}: Efficient Patch tokenization, Integration and Representation},
  journal = {arXiv:2604.08106},
  year = {2026}
}""",
)


@dataclass(frozen=True, slots=True)
class Cost:
    """What one map costs: ``tokens`` that enter each block, multiply-adds ``macs``."""

    tokens: tuple[int, ...]
    macs: int


class Tokenizer(nn.Module):
    """Patches of a map and of its shifted copies, as tokens.

    Parameters
    ----------
    width
        Of a token.
    shifts
        Steps down and right of each copy, in half patches; what comes in from outside is 0. Without copies
        there is one norm, after the projection.
    channels
        Of the map.

    Examples
    --------
    >>> Tokenizer(32, DIAGONAL)(torch.rand(2, 3, 28, 28)).shape
    torch.Size([2, 49, 32])
    """

    def __init__(self, width: int, shifts: tuple[tuple[int, int], ...], channels: int = 3) -> None:
        super().__init__()
        self.shifts = shifts
        size = channels * (1 + len(shifts)) * PATCH**2
        self.before = nn.LayerNorm(size) if shifts else nn.Identity()
        self.project, self.after = nn.Linear(size, width), nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        """Give ``(N, 49, width)`` of ``(N, C, 28, 28)``."""
        copies = torch.cat([x, *(shifted(x, down, right) for down, right in self.shifts)], 1)
        rows, channels = copies.shape[:2]
        cut = copies.view(rows, channels, GRID, PATCH, GRID, PATCH).permute(0, 2, 4, 1, 3, 5)
        return self.after(self.project(self.before(cut.reshape(rows, GRID * GRID, -1))))


def shifted(x: Tensor, down: int, right: int) -> Tensor:
    """Shift ``(N, C, H, W)`` by half patches; zeros come in.

    Examples
    --------
    >>> shifted(torch.ones(1, 1, 28, 28), 1, 0)[0, 0, :4, 0].tolist()
    [0.0, 0.0, 1.0, 1.0]
    """
    step, (height, width) = PATCH // 2, x.shape[2:]
    padded = F.pad(x, (step, step, step, step))
    top, left = step * (1 - down), step * (1 - right)
    return padded[:, :, top : top + height, left : left + width]


class EPIR(nn.Module):
    """The network.

    Parameters
    ----------
    classes
        Number of outputs.
    width, heads, depth
        Of the transformer.
    merge_after
        Blocks after which tokens merge, counted from 1.
    merged
        Pairs that merge each time.
    tokenization, integration, improved_attention, selection
        See the card.
    mass
        Share of attention that the chosen tokens hold.
    """

    def __init__(
        self,
        classes: int,
        *,
        width: int = 192,
        heads: int = 4,
        depth: int = 6,
        merge_after: tuple[int, ...] = (2, 4),
        merged: int = 8,
        tokenization: str = "refined",
        integration: bool = True,
        improved_attention: bool = True,
        selection: str = "mass",
        mass: float = 0.7,
    ) -> None:
        super().__init__()
        self.selection, self.mass = selection, mass
        self.merged = {at: merged for at in merge_after} if integration else {}
        self.tokens = Tokenizer(width, SHIFTS[tokenization])
        self.first = nn.Parameter(0.02 * torch.randn(1, 1, width))
        self.place = nn.Parameter(0.02 * torch.randn(1, 1 + GRID * GRID, width))
        options = {"learnt_temperature": improved_attention, "sees_itself": not improved_attention}
        self.blocks = nn.ModuleList(
            [TransformerBlock(width, heads, dropout=0.1, **options) for _ in range(depth)]
        )
        self.last = TransformerBlock(width, heads, dropout=0.1, **options)
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, classes)

    def forward(self, maps: Tensor) -> dict[str, Tensor]:
        """Give ``logits`` and ``features`` of ``(N, 28, 28, 3)`` maps of u, v, strain."""
        x = self.tokens(signed_maps(maps))
        x = torch.cat([self.first.expand(x.shape[0], -1, -1), x], 1) + self.place
        sizes, weights = torch.ones_like(x[..., 0]), x
        for number, block in enumerate(self.blocks, 1):
            assert isinstance(block, TransformerBlock)
            entering = x
            x, weights = attend(block, x, sizes)
            if number in self.merged:
                keys = block.attention.keys(block.first(entering))
                x, sizes = merge_tokens(x, keys, sizes, self.merged[number])
        # where tokens merged after the last block its weights are of the tokens before
        chosen = sizes if weights.shape[3] != x.shape[1] else sizes * self.choose(weights)
        x = self.last(x, chosen)
        features = self.norm(x[:, 0])
        return {"logits": self.head(features), "features": features}

    def choose(self, weights: Tensor) -> Tensor:
        """Say which tokens the last block may look at, ``(N, T)`` of 0 and 1; the class token always."""
        seen = weights[:, :, 0, 1:]  # (N, heads, T - 1): what the class token attends to
        if self.selection == "heads":
            kept = F.one_hot(seen.argmax(2), seen.shape[2]).amax(1).to(seen.dtype)
        elif self.selection == "mass":
            mean = seen.mean(1)
            share, order = (mean / mean.sum(1, keepdim=True)).topk(mean.shape[1])  # all, the largest first
            before = share.cumsum(1) - share  # what the tokens ahead hold already
            kept = torch.zeros_like(share).scatter(1, order, (before < self.mass).to(share.dtype))
        else:
            kept = torch.ones_like(seen[:, 0])
        return torch.cat([torch.ones_like(kept[:, :1]), kept], 1)

    def cost(self) -> Cost:
        """Count tokens and multiply-adds of a map; the last block is counted over all tokens."""
        (width,), hidden = self.norm.normalized_shape, int(2 * self.norm.normalized_shape[0])
        count, tokens = 1 + GRID * GRID, []
        macs = GRID * GRID * self.tokens.project.in_features * width
        for number in range(1, len(self.blocks) + 2):
            tokens.append(count)
            macs += count * (4 * width**2 + 2 * width * hidden) + 2 * count**2 * width
            left = self.merged.get(number, 0)
            if left:
                even, odd = (count + 1) // 2, count // 2
                key = width // self.last.attention.heads
                macs += count * 3 * width**2 + even * odd * key  # keys once more, and their cosines
            count -= left
        return Cost(tuple(tokens), macs + width * self.head.out_features)


def attend(block: TransformerBlock, x: Tensor, sizes: Tensor) -> tuple[Tensor, Tensor]:
    """Run a block and give its attention too, ``(N, heads, T, T)``."""
    mixed, weights = block.attention.weights_and_values(block.first(x), sizes)
    x = x + block.dropout(block.attention.out(mixed))
    return x + block.dropout(block.dense(block.second(x))), weights


def contrastive_loss(features: Tensor, labels: Tensor, margin: float = 0.4) -> Tensor:
    """Pull features of one class together, push others apart beyond a margin of their cosine (TransFG).

    Parameters
    ----------
    features
        ``(N, D)``.
    labels
        ``(N,)``.
    margin
        Cosine up to which other classes may come.

    Examples
    --------
    >>> one = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    >>> round(contrastive_loss(one, torch.tensor([0, 0, 1])).item(), 4)  # 2 (1 - 0) and 2 (1 - 0.4), of 9
    0.3556
    """
    unit = F.normalize(features, dim=1)
    cosine = unit @ unit.T
    same = (labels[:, None] == labels[None]).to(cosine.dtype)
    return (same * (1 - cosine) + (1 - same) * (cosine - margin).clamp_min(0)).mean()


def _extra(weight: float, output: Mapping[str, Tensor], batch: Rows) -> Tensor:
    return weight * contrastive_loss(output["features"], batch.labels)


SIZES: dict[str, dict[str, Any]] = {
    "small": {"width": 64, "depth": 4, "merge_after": (1, 3)},
    "paper": {"width": 192, "depth": 6, "merge_after": (2, 4)},
}
PRESETS = {
    "small": TrainingSettings(
        epochs=60,
        batch_size=64,
        learning_rate=1e-3,
        optimizer="adamw",
        weight_decay=0.05,
        schedule="cosine",
        label_smoothing=0.1,
        balance="sqrt",
        augment=True,
    ),
    "paper": TrainingSettings(
        epochs=100,
        batch_size=64,
        learning_rate=5e-4,
        optimizer="adamw",
        weight_decay=0.05,
        schedule="cosine",
        label_smoothing=0.1,
        augment=True,
    ),
}


@register(CARD)
def build(
    *,
    preset: str = "small",
    seed: int = 0,
    training: Mapping[str, Any] | None = None,
    tokenization: str = "refined",
    integration: bool = True,
    improved_attention: bool = True,
    selection: str = "mass",
    contrastive: bool = True,
) -> TorchRecognizer:
    """Build EPIR."""
    parts: dict[str, Any] = {
        "tokenization": tokenization,
        "integration": integration,
        "improved_attention": improved_attention,
        "selection": selection,
    }
    return TorchRecognizer(
        system=CARD.name,
        inputs=CARD.inputs,
        build=lambda classes, _: EPIR(classes, **SIZES[preset], **parts),
        settings=PRESETS[preset].changed(training),
        preset=preset,
        seed=seed,
        switches={**parts, "contrastive": contrastive},
        augment=mirror_some,
        extra=partial(_extra, 0.1) if contrastive else None,
    )
