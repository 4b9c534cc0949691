"""Stage 1: byte pairs, as CLIP has them, learned from the captions: every caption word becomes one token.

Words that no caption has fall into bytes: the model reads them, though it never learned what they mean.
"""

import json
import random
from collections.abc import Iterable
from pathlib import Path

from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import CLIPTokenizer

from nti_desktop.studio.captions import caption, draw_words
from nti_desktop.studio.scenes import Scene

START, END = "<|startoftext|>", "<|endoftext|>"
WORD_END = "</w>"
CONTEXT = 77  # tokens


def train_tokenizer(scenes: Iterable[Scene], folder: Path, seed: int = 0) -> CLIPTokenizer:
    """The one for the captions of these scenes; see `tokenizer_of`."""
    rng = random.Random(seed)
    return tokenizer_of((caption(scene, draw_words(rng)) for scene in scenes), folder)


def tokenizer_of(texts: Iterable[str], folder: Path) -> CLIPTokenizer:
    """Learn the merges, write tokenizer files into a folder, and beside them words.txt, the words that were learned."""
    words = sorted({word for text in texts for word in text.lower().split()})
    model = Tokenizer(models.BPE(end_of_word_suffix=WORD_END))
    model.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.ByteLevel(False)])
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    model.train_from_iterator(
        words * 2, trainers.BpeTrainer(vocab_size=4096, end_of_word_suffix=WORD_END, initial_alphabet=alphabet)
    )
    learned = json.loads(model.to_str())["model"]
    pieces = dict.fromkeys([*alphabet, *(letter + WORD_END for letter in alphabet)])
    for merge in learned["merges"]:
        pieces.setdefault("".join(merge))
    vocabulary = {piece: number for number, piece in enumerate([*pieces, START, END])}

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), "utf-8")
    merges = "".join(f"{one} {other}\n" for one, other in learned["merges"])
    (folder / "merges.txt").write_text(f"#version: 0.2\n{merges}", "utf-8")
    tokenizer: CLIPTokenizer = CLIPTokenizer.from_pretrained(
        folder, model_max_length=CONTEXT, bos_token=START, eos_token=END, unk_token=END, pad_token=END
    )
    tokenizer.save_pretrained(folder)
    (folder.parent / "words.txt").write_text("".join(f"{word}\n" for word in words), "utf-8")
    return tokenizer
