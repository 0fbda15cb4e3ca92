"""How long the state-space scan takes, forward and backward, against a plain loop with autograd.

    python benchmarks/scan.py [--threads 1]

The plain loop discretises all steps at once and then indexes them one by one, as implementations of Mamba
do where its CUDA kernels are missing. Shapes are
(batch, length, width, state); each time is the least of some.
"""

import argparse
import time
from pathlib import Path

import torch

from fleeting.nn import selective_scan

SHAPES = ((4, 256, 128, 16), (32, 50, 128, 64), (1, 2048, 128, 16))


def plain(x, dt, a, b, c):
    decay, comes = torch.exp(dt[..., None] * a), dt[..., None] * b[:, :, None] * x[..., None]
    h, out = torch.zeros_like(comes[:, 0]), []
    for t in range(x.shape[1]):
        h = decay[:, t] * h + comes[:, t]
        out.append(torch.matmul(h, c[:, t, :, None])[..., 0])
    return torch.stack(out, 1), h


def took(function, arguments, repeats: int) -> float:
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        function(*arguments)[0].sum().backward()
        times.append(time.perf_counter() - began)
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--markdown", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    torch.manual_seed(0)
    lines = ["| batch, length, width, state | here, ms | plain loop, ms | times |", "|---|---|---|---|"]
    for batch, steps, width, size in SHAPES:
        dt = torch.rand(batch, steps, width) / 10
        made = [torch.randn(batch, steps, width), dt, -torch.rand(width, size) - 0.5]
        made += [torch.randn(batch, steps, size), torch.randn(batch, steps, size)]
        made = [one.requires_grad_() for one in made]
        ours, other = took(selective_scan, made, 7), took(plain, made, 2)
        sizes = f"({batch}, {steps}, {width}, {size})"
        print(f"{sizes}: {1e3 * ours:.1f} ms, plain loop {1e3 * other:.0f} ms, {other / ours:.0f} times")
        lines.append(f"| {sizes[1:-1]} | {1e3 * ours:.1f} | {1e3 * other:.0f} | {other / ours:.0f} |")
    if given.markdown is not None:
        given.markdown.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
