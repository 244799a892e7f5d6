"""Which candidate is best."""


def select_best(results: list[dict]) -> dict:
    """The number of the best candidate (its place in ``results``, from 0), and all of them in rank order.

    The highest mean score is best; on a tie, the lowest number.
    """
    ranked = sorted(enumerate(results), key=lambda entry: (-entry[1]["mean"], entry[0]))
    columns = ("description", "mean", "std", "converged")
    candidates = [
        {"number": number, **{name: result[name] for name in columns}}
        for number, result in ranked
    ]
    return {"best": candidates[0]["number"], "candidates": candidates}
