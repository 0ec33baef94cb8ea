"""PyTorch's side of the attention benchmark: forward and backward of one GPT block of the same sizes, in the protocol of
attentionProcess.ts. `attention.py --length TOKENS --threads N [--plain]`; without --plain with scaled_dot_product_attention."""

import argparse
import json
import resource
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

parser = argparse.ArgumentParser()
parser.add_argument("--length", type=int, default=1024)
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--plain", action="store_true")
args = parser.parse_args()
torch.set_num_threads(args.threads)
torch.manual_seed(0)
HEADS, WIDTH, VOCABULARY = 4, 256, 64


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.token = nn.Embedding(VOCABULARY, WIDTH)
        self.position = nn.Embedding(args.length, WIDTH)
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in range(3))
        self.project = nn.Linear(WIDTH, 3 * WIDTH)
        self.mix = nn.Linear(WIDTH, WIDTH)
        self.up = nn.Linear(WIDTH, 4 * WIDTH)
        self.down = nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        x = self.token(ids) + self.position.weight
        batch, length, _ = x.shape
        parts = self.project(self.norms[0](x)).split(WIDTH, dim=2)
        query, key, value = (part.view(batch, length, HEADS, -1).transpose(1, 2) for part in parts)
        if args.plain:
            scores = query @ key.transpose(-2, -1) / (WIDTH // HEADS) ** 0.5
            hidden = torch.ones(length, length, dtype=torch.bool).triu(1)
            mixed = scores.masked_fill(hidden, float("-inf")).softmax(-1) @ value
        else:
            mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.mix(mixed.transpose(1, 2).reshape(batch, length, WIDTH))
        x = x + self.down(F.gelu(self.up(self.norms[1](x)), approximate="tanh"))
        return F.linear(self.norms[2](x), self.token.weight)


model = Block()
ids = torch.tensor([[(i * i + 7 * i) % VOCABULARY for i in range(args.length)]])


def step() -> float:
    start = time.perf_counter()
    model.zero_grad(set_to_none=True)
    loss = F.cross_entropy(model(ids)[0], ids[0])
    loss.backward()
    loss.item()
    return 1000 * (time.perf_counter() - start)


def say(**event: object) -> None:
    print(json.dumps(event), flush=True)


first = step()
step()
say(event="ready", firstMs=first)
for line in sys.stdin:
    if line.strip() == "quit":
        break
    for _ in range(int(line)):
        say(event="step", ms=step())
say(event="quit", peakMemoryBytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
