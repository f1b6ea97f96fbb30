"""How a call with more tokens than the encoder reads at once is cut into windows."""

from bisect import bisect_right


def cut(ids, windows):
    """The windows of a call with the tokens ids, [CLS] and [SEP] included: a list of (first,
    end, start, stop). A window has the call's tokens [first, end), between [CLS] and [SEP],
    at most windows["length"] in all, of which neighbours share windows["overlap"] or more.
    Of these tokens it is the most central window for [start, stop). windows is the model's
    description of them; with "turn_tokens" it cuts between turns where these are short."""
    tokens, length, overlap = len(ids), windows["length"], windows["overlap"]
    last = tokens - 1
    if tokens <= length:
        return [(1, last, 1, last)]
    content = length - 2
    step = content - overlap
    back = min(overlap, step // 4)
    speakers = set(windows.get("turn_tokens") or [])
    starts = [i for i, token in enumerate(ids) if token in speakers]
    places, first, before = [], 1, 1 + overlap
    while True:
        end = min(first + content, last)
        if end < last:
            end = _last_within(starts, (before + end + 1) // 2, end)
        places.append((first, end))
        if end == last:
            break
        first, before = _last_within(starts, end - overlap - back, end - overlap), end
    borders = [1] + [(first + end + 1) // 2 for (_, end), (first, _) in zip(places, places[1:])] + [last]
    return [(*place, start, stop) for place, start, stop in zip(places, borders, borders[1:])]


def _last_within(starts, least, most):
    """The last of starts, in ascending order, that is from least to most; most if there is none."""
    at = bisect_right(starts, most)
    return starts[at - 1] if at > 0 and starts[at - 1] >= least else most
