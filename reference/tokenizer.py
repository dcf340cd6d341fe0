"""Byte-level BPE of the Qwen pipeline: encoder, trainer and files in the official layout."""
import collections
import functools
import json
import os
import re
import unicodedata

SPLIT = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
         r"|\s+(?!\S)|\s+")
# The same expression over one-character classes: L letter, N number, S other white space, P anything else.
_CLASSES = re.compile(r"[^RLN]?L+|N| ?P+R*|[S ]*(?:R[S ]*)*R|[S ]+(?![LNP])|[S ]+")
_CONTRACTION = re.compile(r"'(?:[sS\u017f]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD])")
_WHITE = set("\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000") | {chr(c) for c in range(0x2000, 0x200b)}
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
PLAIN_ADDED = ["<think>", "</think>"]


@functools.lru_cache(None)
def byte_characters():
    """GPT-2's printable character of every byte."""
    kept = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    extra = [b for b in range(256) if b not in kept]
    return {**{b: chr(b) for b in kept}, **{b: chr(256 + i) for i, b in enumerate(extra)}}


def _character_class(c):
    if c in "\r\n":
        return "R"
    if c == " ":
        return " "
    if c in _WHITE:
        return "S"
    kind = unicodedata.category(c)[0]
    return kind if kind in "LN" else "P"


def pieces(text):
    """The pre-tokens of NFC text."""
    classes, at = "".join(map(_character_class, text)), 0
    while at < len(text):
        match = _CONTRACTION.match(text, at) or _CLASSES.match(classes, at)
        yield text[at:match.end()]
        at = match.end()


class Tokenizer:
    """Encoder made from a vocabulary, ranked merges and added tokens."""

    def __init__(self, vocabulary, merges, added, suffix=()):
        self.vocabulary, self.ranks = vocabulary, {pair: rank for rank, pair in enumerate(merges)}
        self.merges, self.added, self.suffix = merges, added, list(suffix)
        self.texts = {i: t for t, i in list(vocabulary.items()) + list(added.items())}
        longest_first = sorted(added, key=len, reverse=True)
        self._added = re.compile("(%s)" % "|".join(map(re.escape, longest_first))) if added else None
        self._cache = {}

    def _word(self, piece):
        if piece in self._cache:
            return self._cache[piece]
        symbols = [byte_characters()[b] for b in piece.encode()]
        while len(symbols) > 1:
            rank, i = min((self.ranks.get((a, b), 1 << 30), i) for i, (a, b) in enumerate(zip(symbols, symbols[1:])))
            if rank == 1 << 30:
                break
            symbols[i:i + 2] = [symbols[i] + symbols[i + 1]]
        ids = [self.vocabulary[s] for s in symbols]
        if len(self._cache) < 100000:
            self._cache[piece] = ids
        return ids

    def encode(self, text, limit=None):
        """Token ids with the suffix; with a limit, content is cut so that the suffix still fits."""
        ids = []
        for part in (self._added.split(text) if self._added else [text]):
            if part in self.added:
                ids.append(self.added[part])
            elif part:
                for piece in pieces(unicodedata.normalize("NFC", part)):
                    ids += self._word(piece)
        if limit is not None:
            ids = ids[:limit - len(self.suffix)]
        return ids + self.suffix

    def with_audio_codes(self, count):
        """The planner's tokenizer: the same words, audio codes at the end, no suffix."""
        added = dict(self.added)
        first = len(self.vocabulary) + len(self.added)
        added.update({"<|audio_code_%d|>" % i: first + i for i in range(count)})
        return Tokenizer(self.vocabulary, self.merges, added)

    def save(self, folder):
        """tokenizer.json, vocab.json, merges.txt, added_tokens.json and tokenizer_config.json."""
        os.makedirs(folder, exist_ok=True)
        level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
        post = level
        if self.suffix:
            end = SPECIAL[0]
            tail = {"SpecialToken": {"id": end, "type_id": 0}}
            post = {"type": "Sequence", "processors": [level, {
                "type": "TemplateProcessing", "single": [{"Sequence": {"id": "A", "type_id": 0}}, tail],
                "pair": [{"Sequence": {"id": "A", "type_id": 0}}, tail, {"Sequence": {"id": "B", "type_id": 1}},
                         {"SpecialToken": {"id": end, "type_id": 1}}],
                "special_tokens": {end: {"id": end, "ids": self.suffix, "tokens": [end]}}}]}
        content = {
            "version": "1.0", "truncation": None, "padding": None,
            "added_tokens": [{"id": i, "content": t, "single_word": False, "lstrip": False, "rstrip": False,
                              "normalized": False, "special": t in SPECIAL} for t, i in self.added.items()],
            "normalizer": {"type": "NFC"},
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
                {"type": "Split", "pattern": {"Regex": SPLIT}, "behavior": "Isolated", "invert": False}, level]},
            "post_processor": post, "decoder": level,
            "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": "",
                      "end_of_word_suffix": "", "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
                      "vocab": self.vocabulary, "merges": [list(pair) for pair in self.merges]}}
        settings = {"add_bos_token": False, "add_prefix_space": False, "bos_token": None,
                    "clean_up_tokenization_spaces": False, "eos_token": "<|im_end|>", "errors": "replace",
                    "model_max_length": 131072, "pad_token": "<|endoftext|>", "split_special_tokens": False,
                    "tokenizer_class": "Qwen2Tokenizer", "unk_token": None}
        for name, value in (("tokenizer.json", content), ("vocab.json", self.vocabulary),
                            ("added_tokens.json", self.added), ("tokenizer_config.json", settings)):
            with open(os.path.join(folder, name), "w") as file:
                json.dump(value, file, ensure_ascii=False)
        with open(os.path.join(folder, "merges.txt"), "w") as file:
            file.write("#version: 0.2\n" + "".join("%s %s\n" % pair for pair in self.merges))


def load(folder):
    """Read tokenizer.json of the official layout."""
    with open(os.path.join(folder, "tokenizer.json")) as file:
        content = json.load(file)
    merges = [tuple(m.split(" ")) if isinstance(m, str) else tuple(m) for m in content["model"]["merges"]]
    added = {entry["content"]: entry["id"] for entry in content["added_tokens"]}
    suffix = []
    for processor in content["post_processor"].get("processors", []):
        for step in processor.get("single", []):
            if "SpecialToken" in step:
                suffix += processor["special_tokens"][step["SpecialToken"]["id"]]["ids"]
    return Tokenizer(content["model"]["vocab"], merges, added, suffix)


def train(texts, size):
    """A tokenizer with 256 byte tokens and merges up to `size` entries, learned from texts; then the added tokens."""
    counts = collections.Counter()
    for text in texts:
        counts.update(pieces(unicodedata.normalize("NFC", text)))
    words = [([byte_characters()[b] for b in piece.encode()], n) for piece, n in counts.items()]
    vocabulary = {byte_characters()[b]: i for i, b in enumerate(sorted(byte_characters(), key=lambda b: byte_characters()[b]))}
    merges = []
    while len(vocabulary) < size:
        pairs = collections.Counter()
        for symbols, n in words:
            for pair in zip(symbols, symbols[1:]):
                pairs[pair] += n
        if not pairs:
            break
        best = max(pairs, key=lambda p: (pairs[p], p))
        if pairs[best] < 3:
            break
        merges.append(best)
        vocabulary[best[0] + best[1]] = len(vocabulary)
        for symbols, _ in words:
            i = 0
            while i + 1 < len(symbols):
                if (symbols[i], symbols[i + 1]) == best:
                    symbols[i:i + 2] = [best[0] + best[1]]
                i += 1
    added = {token: len(vocabulary) + i for i, token in enumerate(SPECIAL + PLAIN_ADDED)}
    return Tokenizer(vocabulary, merges, added, [added[SPECIAL[0]]])
