# Python 3.11, torch 2.15.0, transformers 5.23.0 (with --transformers)
"""The training step of our benchmark in PyTorch on the CPU: a GPT in the manner of nanoGPT, or a class of transformers; AdamW, float32.

Prints one JSON object a line. After {"event": "ready"} each line read from stdin is a number of steps to run
and measure, so that the Node benchmark can alternate with it; `quit`, the end of stdin or --steps ends it with {"event": "quit"} and the peak
memory. With --matmul it prints the machine's matrix multiplication rate instead:
  yes 1 | trainStep.py --config A --mode eager --threads 2 --steps 20
  yes 1 | trainStep.py --transformers "$(cat config.json)" --shapes '[[16, 128], [16, 128]]' --threads 2
  trainStep.py --matmul --threads 2
"""

import argparse
import json
import resource
import sys
import time
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F


@dataclass(frozen=True)
class Configuration:
    layers: int
    heads: int
    width: int
    context: int
    batch: int
    vocabulary: int


CONFIGURATIONS = {
    "A": Configuration(layers=4, heads=4, width=128, context=64, batch=12, vocabulary=65),
    "B": Configuration(layers=6, heads=6, width=384, context=256, batch=16, vocabulary=65),
    "C": Configuration(layers=12, heads=12, width=768, context=256, batch=4, vocabulary=50304),
}


class Block(nn.Module):
    def __init__(self, c: Configuration):
        super().__init__()
        self.heads = c.heads
        self.ln_1 = nn.LayerNorm(c.width)
        self.qkv = nn.Linear(c.width, 3 * c.width)
        self.proj = nn.Linear(c.width, c.width)
        self.ln_2 = nn.LayerNorm(c.width)
        self.fc = nn.Linear(c.width, 4 * c.width)
        self.out = nn.Linear(4 * c.width, c.width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        b, t, d = x.shape
        q, k, v = (z.view(b, t, self.heads, -1).transpose(1, 2) for z in self.qkv(self.ln_1(x)).split(d, dim=2))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.proj(y.transpose(1, 2).reshape(b, t, d))
        return x + self.out(F.gelu(self.fc(self.ln_2(x)), approximate="tanh"))


class Gpt(nn.Module):
    """Returns the mean cross-entropy of `labels`."""

    def __init__(self, c: Configuration):
        super().__init__()
        self.wte = nn.Embedding(c.vocabulary, c.width)
        self.wpe = nn.Embedding(c.context, c.width)
        self.h = nn.ModuleList(Block(c) for _ in range(c.layers))
        self.ln_f = nn.LayerNorm(c.width)
        self.head = nn.Linear(c.width, c.vocabulary, bias=False)
        self.head.weight = self.wte.weight
        for name, parameter in self.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(parameter)
            elif parameter.dim() >= 2:
                nn.init.normal_(parameter, std=0.02)

    def forward(self, input_ids: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        x = self.wte(input_ids) + self.wpe(torch.arange(input_ids.shape[1]))
        for block in self.h:
            x = block(x)
        logits = self.head(self.ln_f(x))
        return F.cross_entropy(logits.view(-1, logits.shape[-1]), labels.view(-1))


def adamw(model: nn.Module) -> torch.optim.AdamW:
    matrices = [p for p in model.parameters() if p.dim() >= 2]
    vectors = [p for p in model.parameters() if p.dim() < 2]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
    # PyTorch's documentation ranks the fused implementation first; it exists for the CPU too.
    return torch.optim.AdamW(groups, lr=3e-4, betas=(0.9, 0.95), eps=1e-8, fused=True)


class OfTransformers(nn.Module):
    """The class that a config.json names, in its own initialisation and with its own loss."""

    def __init__(self, configuration: dict):
        super().__init__()
        import transformers

        [architecture] = configuration["architectures"]
        # JSON writers of other languages say 1 for 1.0, which some of the fields do not take.
        floats = {k: float(v) if k == "initializer_factor" else v for k, v in configuration.items()}
        self.model = getattr(transformers, architecture)(transformers.AutoConfig.for_model(**floats))
        # A causal model moves labels by one place itself unless it is given those that are moved already, as ours are.
        self.shifted = architecture.endswith("ForCausalLM")

    def forward(self, input_ids: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        options = {"shift_labels": labels} if self.shifted else {}
        return self.model(input_ids=input_ids, labels=labels, **options).loss


@dataclass(frozen=True)
class Workload:
    model: nn.Module
    vocabulary: int
    # [batch, tokens] of what is read and of the labels.
    shapes: tuple[tuple[int, int], tuple[int, int]]

    @property
    def tokens(self) -> int:
        """What a step reads or writes: labels of another length are of a sequence of their own."""
        lengths = {length for _, length in self.shapes}
        return self.shapes[0][0] * sum(lengths)


def workload(options: argparse.Namespace) -> Workload:
    if options.transformers:
        configuration = json.loads(options.transformers)
        shapes = tuple(tuple(shape) for shape in json.loads(options.shapes))
        return Workload(OfTransformers(configuration), configuration["vocab_size"], shapes)
    c = CONFIGURATIONS[options.config]
    return Workload(Gpt(c), c.vocabulary, ((c.batch, c.context), (c.batch, c.context)))


class Trainer:
    def __init__(self, work: Workload, mode: str):
        self.work = work
        self.model = work.model
        self.loss = torch.compile(self.model) if mode == "compile" else self.model
        self.optimizer = adamw(self.model)
        self.generator = torch.Generator().manual_seed(42)

    def step(self) -> tuple[float, float]:
        """Runs one step on fresh random tokens; milliseconds and loss."""
        input_ids, labels = (
            torch.randint(0, self.work.vocabulary, shape, generator=self.generator) for shape in self.work.shapes
        )
        start = time.perf_counter()
        loss = self.loss(input_ids, labels)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        value = loss.item()
        return (time.perf_counter() - start) * 1000, value


def emit(event: str, **values: object) -> None:
    print(json.dumps({"event": event, **values}), flush=True)


def peak_memory_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def train(options: argparse.Namespace) -> None:
    torch.manual_seed(1337)
    trainer = Trainer(workload(options), options.mode)
    warmup = [trainer.step()[0] for _ in range(options.warmup)]
    emit(
        "ready",
        torch=torch.__version__,
        mode=options.mode,
        threads=torch.get_num_threads(),
        cpuCapability=torch.backends.cpu.get_cpu_capability(),
        parameters=sum(p.numel() for p in trainer.model.parameters()),
        tokensPerStep=trainer.work.tokens,
        firstStepMs=warmup[0],
    )
    done = 0
    while done < options.steps and (line := sys.stdin.readline().strip()) not in ("", "quit"):
        for _ in range(int(line)):
            milliseconds, loss = trainer.step()
            emit("step", step=done, ms=milliseconds, loss=loss)
            done += 1
    emit("quit", peakMemoryBytes=peak_memory_bytes())


def matmul(size: int = 1024, repeats: int = 30) -> None:
    a, b = torch.randn(size, size), torch.randn(size, size)
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        torch.mm(a, b)
        times.append(time.perf_counter() - start)
    rate = 2 * size**3 / 1e9
    median = sorted(times)[repeats // 2]
    emit("matmul", size=size, threads=torch.get_num_threads(), gflops=rate / min(times), medianGflops=rate / median)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", choices=CONFIGURATIONS, default="A")
    parser.add_argument("--transformers", help="a config.json as text, instead of --config")
    parser.add_argument("--shapes", help="[[batch, tokens], [batch, tokens]] of what is read and of the labels")
    parser.add_argument("--mode", choices=("eager", "compile"), default="eager")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--warmup", type=int, default=5, help="steps before the first that is measured")
    parser.add_argument("--matmul", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.matmul:
        matmul()
    else:
        train(options)


main()
