"""What words count and how strong the edit is, done to the embedding that the UNet reads; no UNet row more.

What a word means stands in more than its own column: the text encoder writes it into every token behind it, the end
token and the padding included. So a weight goes from the sentence without the word to the sentence with it, and beyond,
in all columns at once; and the strength goes from the source's sentence to the edit's.
"""

from collections.abc import Callable, Sequence

from torch import Tensor

from nti_desktop.engine.model.embedding import Embedding
from nti_desktop.engine.sampling.tokens import PromptTokens
from nti_desktop.recipe.recipe import EditRecipe, Reweighting
from nti_desktop.recipe.rewording import Reworded, source_places, without

Embed = Callable[[str], Embedding]
Tokenize = Callable[[str], PromptTokens]


def edit_embedding(embed: Embed, tokens: Tokenize, source: str, recipe: EditRecipe) -> Embedding:
    """Build the embedding that the UNet reads of an edit, one row: its sentence, words' weights and strength.

    E_0 is the edit without any of the weighted words, E_i with the first i of them back, E_n = E(edit):

        E = E_0 + sum_i w_i (E_i - E_{i-1}),

    which for one word is E(edit) + (w - 1)(E(edit) - E(edit without it)). Then, with the source's sentence carried
    through the alignment as the base, or no sentence where the edit is an order,

        E_strength = E(source) + strength (E - E(source)).

    Without weights and at full strength it is E(edit), bit for bit. Less than the whole of an edit that changes no
    form does not come this way, see `recipe.structure.fades`.
    """
    edit = tokens(recipe.prompt)

    def laid_out(said: Reworded) -> Embedding:
        return carried(embed(said.prompt), tokens(said.prompt), edit, said.places)

    whole = embed(recipe.prompt)
    weighted = recipe.weighted if recipe.reweighting is Reweighting.EMBEDDING else ()
    if weighted:
        positions = [control.position for control in weighted]
        stages = [laid_out(without(source, recipe.prompt, positions[i:])) for i in range(len(positions))]
        found = stages[0]
        for control, before, after in zip(weighted, stages, [*stages[1:], whole], strict=True):
            found = _further(found, before, after, control.weight)
        whole = found
    if recipe.strength != 1:
        base = laid_out(Reworded(source, source_places(source, recipe.prompt))) if source else embed("")
        whole = _further(base, base, whole, recipe.strength)
    return whole


def carried(embedding: Embedding, tokens: PromptTokens, to: PromptTokens, places: Sequence[int | None]) -> Embedding:
    """An embedding (1, length, width) of the sentence `tokens`, laid out as the sentence `to`.

    places: for each word of `to` the word of `tokens` that stands for it. The end token comes to the end token, padding
    to padding. A word of more or fewer tokens is stretched or squeezed; one that nothing stands for gets what stands
    before it, which says nothing that was not said already.
    """
    length = len(to.ids)
    column = [0] * length
    for word, place in sorted(enumerate(places), key=lambda entry: to.columns[entry[0]]):
        own, theirs = to.columns[word], () if place is None else tokens.columns[place]
        for i, at in enumerate(own):
            column[at] = theirs[i * len(theirs) // len(own)] if theirs else column[at - 1]
    for behind in range(length - to.end):
        column[to.end + behind] = min(tokens.end + behind, length - 1)
    return embedding.with_tokens(embedding.tokens[:, column])


def _further(start: Embedding, before: Embedding, after: Embedding, share: float) -> Embedding:
    """start + share (after - before), the sentence as a whole included."""

    def of(start: Tensor, before: Tensor, after: Tensor) -> Tensor:
        return start + share * (after - before)

    tokens = of(start.tokens, before.tokens, after.tokens)
    if start.pooled is None or before.pooled is None or after.pooled is None:
        return Embedding(tokens)
    return Embedding(tokens, of(start.pooled, before.pooled, after.pooled))
