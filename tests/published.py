"""The published aligner, from its description: by tokens, Needleman-Wunsch with gap 0, match 1, mismatch -1."""

import torch
from torch import Tensor

from nti_desktop.engine.sampling.tokens import PromptTokens


def refinement_mapping(source: PromptTokens, edit: PromptTokens) -> Tensor:
    """The published refinement edit as a mapping (tokens, tokens): aligned tokens one to one, padding by position."""
    x, y = source.ids[: source.end + 1], edit.ids[: edit.end + 1]
    score = [[0] * (len(y) + 1) for _ in range(len(x) + 1)]
    for i in range(1, len(x) + 1):
        for j in range(1, len(y) + 1):
            match = 1 if x[i - 1] == y[j - 1] else -1
            score[i][j] = max(score[i][j - 1], score[i - 1][j], score[i - 1][j - 1] + match)
    mapping = torch.zeros(len(source.ids), len(edit.ids))
    i, j = len(x), len(y)
    while j:
        if score[i][j] == score[i][j - 1]:
            j -= 1
        elif score[i][j] == score[i - 1][j]:
            i -= 1
        else:
            i, j = i - 1, j - 1
            mapping[i, j] = 1
    for position in range(len(y), len(edit.ids)):
        mapping[position, position] = 1
    return mapping
