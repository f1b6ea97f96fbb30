"""How a call with more tokens than the encoder reads at once is cut into windows."""


def cut(tokens, length, overlap):
    """The windows of a call of that many tokens, which include [CLS] and [SEP]: a list of
    (first, end, start, stop). A window has the call's tokens [first, end), between [CLS]
    and [SEP], length in all, of which neighbours share overlap. Of these tokens it is the
    most central window for [start, stop)."""
    if tokens <= length:
        return [(1, tokens - 1, 1, tokens - 1)]
    content = length - 2
    step = content - overlap
    windows = []
    for first in range(1, tokens - 1, step):
        end = min(first + content, tokens - 1)
        if windows:
            before, before_end, start, _ = windows[-1]
            border = (first + before_end + 1) // 2
            windows[-1] = (before, before_end, start, border)
            windows.append((first, end, border, end))
        else:
            windows.append((first, end, first, end))
        if end == tokens - 1:
            break
    return windows
