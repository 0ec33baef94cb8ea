# Python 3.11, datatrove 0.10.1, ftfy 6.3.1, fasttext-numpy2-wheel 0.9.2, spacy 3.8.7, xxhash 3.8.2, numpy 2.4.6
"""The work of benchmarks/data.ts in datatrove, ftfy and fastText, one process: filterDocuments.py FILE.jsonl LID_MODEL

Prints one JSON object: seconds for each part and the ids kept. Loading and a first document are not timed.
"""

import json
import sys
import time

import fasttext
import ftfy
from datatrove.data import Document
from datatrove.pipeline.dedup.minhash import MinhashDedupSignature
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
)
from datatrove.pipeline.formatters.pii import PIIFormatter


def kept(documents: list[dict]) -> list[str]:
    """The order of FineWeb, with PII masking at its end."""
    filters = [GopherRepetitionFilter(), GopherQualityFilter(), C4QualityFilter(filter_no_terminal_punct=False), FineWebQualityFilter()]
    formatter = PIIFormatter()
    ids = []
    for entry in documents:
        document = Document(text=entry["text"], id=entry["id"])
        if all(step.filter(document) is True for step in filters):
            formatter.format(document.text)
            ids.append(document.id)
    return ids


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as lines:
        documents = [json.loads(line) for line in lines]
    kept(documents[:1])
    start = time.perf_counter()
    ids = kept(documents)
    filters = time.perf_counter() - start
    signatures = MinhashDedupSignature("memory://signatures")
    signatures.get_signature(signatures.get_shingles(documents[0]["text"]))
    start = time.perf_counter()
    for entry in documents:
        shingles = signatures.get_shingles(entry["text"])
        if shingles.size:
            signatures.get_signature(shingles)
    hashing = time.perf_counter() - start
    start = time.perf_counter()
    for entry in documents:
        ftfy.fix_text(entry["text"])
    repair = time.perf_counter() - start
    model = fasttext.load_model(sys.argv[2])
    start = time.perf_counter()
    for entry in documents:
        model.predict(entry["text"].replace("\n", " "))
    languages = time.perf_counter() - start
    print(json.dumps({"filters": filters, "signatures": hashing, "repair": repair, "languages": languages, "kept": ids}))


main()
