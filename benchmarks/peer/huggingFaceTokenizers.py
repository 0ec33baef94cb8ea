# Python 3.11, tokenizers 0.23.3
"""Hugging Face `tokenizers` beside benchmarks/tokenizer.ts and trainTokenizer.ts. Prints one JSON object.

huggingFaceTokenizers.py encode TOKENIZER.json TEXTS.json PASSES   seconds of each pass over the texts, one thread; ids of the last pass
huggingFaceTokenizers.py train TEXT_FILE VOCABULARY_SIZE           seconds on all cores, peak memory, merges
"""

import json
import os
import resource
import sys
import time

if sys.argv[1] == "encode":
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
from tokenizers import Tokenizer, models, pre_tokenizers, trainers  # noqa: E402


def encode(definition, texts, passes):
    tokenizer = Tokenizer.from_file(definition)
    tokenizer.encode_special_tokens = True
    with open(texts, encoding="utf8") as file:
        documents = json.load(file)
    seconds = []
    for _ in range(int(passes)):
        start = time.perf_counter()
        encodings = [tokenizer.encode(document) for document in documents]
        seconds.append(time.perf_counter() - start)
    return {"seconds": seconds, "ids": [encoding.ids for encoding in encodings]}


def train(file, size):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=int(size),
        special_tokens=["<|endoftext|>"],
        min_frequency=2,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    start = time.perf_counter()
    tokenizer.train([file], trainer)
    seconds = time.perf_counter() - start
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    return {"seconds": seconds, "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3, "merges": merges}


print(json.dumps(encode(*sys.argv[2:]) if sys.argv[1] == "encode" else train(*sys.argv[2:])))
