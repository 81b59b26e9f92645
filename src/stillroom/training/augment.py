"""Augmentation: images in, shifted images out.

images [N, C, H, W] + generator ──> the same, each moved by up to `shift` pixels
"""

import torch
from torch import Tensor
from torch.nn import functional


def shifted(images: Tensor, shift: int, generator: torch.Generator) -> Tensor:
    """Move each image by its own whole number of pixels in each direction.

    Args:
        images: [N, C, H, W].
        shift: at most so many pixels, either way. What comes in from outside repeats the edge.
        generator: draws the moves; equal states give equal images.
    """
    count, _, height, width = images.shape
    padded = functional.pad(images, (shift, shift, shift, shift), mode="replicate")
    top, left = torch.randint(0, 2 * shift + 1, (2, count, 1), generator=generator)
    rows = (top + torch.arange(height))[:, :, None]
    columns = (left + torch.arange(width))[:, None, :]
    index = torch.arange(count)[:, None, None]
    return padded.permute(0, 2, 3, 1)[index, rows, columns].permute(0, 3, 1, 2).contiguous()
