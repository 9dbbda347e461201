"""bfloat16 as a processor with units for it computes, on one without: slow kernels replaced.

A matrix product of bfloat16 numbers there multiplies exactly, adds in float32 and rounds the sum
once. Without such units torch does the same ten times slower, so products (and attention, which
sums in float32, too) are done on float32 copies here and rounded: the order of additions is all
that differs. For measuring what precision does to accuracy, not for use.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map

aten = torch.ops.aten
PRODUCTS = {
    aten.mm.default,
    aten.addmm.default,
    aten.bmm.default,
    aten.baddbmm.default,
    aten._scaled_dot_product_flash_attention_for_cpu.default,
    aten._scaled_dot_product_flash_attention_for_cpu_backward.default,
}


def _wide(value: Any) -> Any:
    is_narrow = isinstance(value, torch.Tensor) and value.dtype == torch.bfloat16
    return value.float() if is_narrow else value


class RoundedProducts(TorchDispatchMode):
    """Within it products of bfloat16 numbers are those of float32, rounded. `count` says how many
    there were."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(
        self, func: Callable, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        """One operation of torch."""
        kwargs = kwargs or {}
        tensors = [one for one in args if isinstance(one, torch.Tensor)]
        if func not in PRODUCTS or not any(one.dtype == torch.bfloat16 for one in tensors):
            return func(*args, **kwargs)
        self.count += 1
        found = func(*tree_map(_wide, args), **tree_map(_wide, kwargs))
        if not isinstance(found, tuple):
            return found.bfloat16()
        # Of attention's forward the second output is its log-sum-exp, which stays float32.
        stays = len(found) == 2
        return tuple(
            one if stays and place == 1 else one.bfloat16() for place, one in enumerate(found)
        )
