"""The matrix products of a pass of the model alone, by the fastest of PyTorch's ways: what the processor allows."""

import time

import torch


def shapes(config, tokens):
    """(rows, inner, columns) of each product of a text's pass with how often it comes; the heads' small ones left out."""
    dim, hidden, heads = config["dim"], config["hidden_dim"], config["n_heads"]
    layers, size = config["n_layers"], dim // heads
    return {
        (1, tokens, dim, 3 * dim): layers,  # queries, keys and values
        (1, tokens, dim, dim): layers + 1,  # attention's output, and the transform of entities
        (1, tokens, dim, hidden): layers,
        (1, tokens, hidden, dim): layers,
        (heads, tokens, size, tokens): layers,
        (heads, tokens, tokens, size): layers,
    }


def ways(batch, rows, inner, columns):
    """The same product as functions: MKL's, MKL's with the weights turned, and oneDNN's with packed weights."""
    a, b = torch.randn(batch, rows, inner), torch.randn(batch, inner, columns)
    if batch > 1:
        return [lambda: torch.bmm(a, b)]
    x, w = a[0], b[0]
    turned = w.t().contiguous()
    packed = torch.ops.mkldnn._reorder_linear_weight(turned, rows)
    return [
        lambda: torch.mm(x, w),
        lambda: torch.nn.functional.linear(x, turned),
        lambda: torch.ops.mkldnn._linear_pointwise(x, packed, None, "none", [], ""),
    ]


def fastest(config, tokens):
    """Which of the ways is the fastest, for each of the shapes."""
    return [
        min(range(len(tried)), key=lambda i: min(timed(tried[i]) for _ in range(5)))
        for tried in (ways(*shape) for shape in shapes(config, tokens))
    ]


@torch.inference_mode()
def passes(config, tokens, which, count):
    """The seconds of each of count passes with the ways chosen, after one that isn't timed. Each product has operands of
    its own, as in a pass of the model, which are gone afterwards."""
    products = [
        ways(*shape)[way]
        for (shape, often), way in zip(shapes(config, tokens).items(), which)
        for _ in range(often)
    ]
    return [timed(lambda: [product() for product in products]) for _ in range(count + 1)][1:]


def timed(run):
    started = time.perf_counter()
    run()
    return time.perf_counter() - started
