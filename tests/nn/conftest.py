"""One thread; and nothing is collected where torch is not installed (the extra ``[train]``)."""

try:
    import lightning_fabric  # noqa: F401
    import torch
except ModuleNotFoundError:
    collect_ignore_glob = ["*"]
else:
    torch.set_num_threads(1)
