"""The table of the benchmark of the service's start."""

from benchmarks.harness import markdown
from benchmarks.serving.start_records import TARGET_SECONDS, StartResult


def start_tables(result: StartResult) -> str:
    """Return a row for the bare imports and for each service."""
    rows = [
        [
            "bare imports of Starlette, uvicorn and boto3",
            markdown.spread(result.imports, 2),
            markdown.DASH,
            markdown.DASH,
        ]
    ]
    for service in result.services:
        rows.append(
            [
                service.name,
                markdown.spread(service.seconds, 2),
                markdown.spread(service.beyond, 2),
                f"at most {TARGET_SECONDS:.0f} s",
            ]
        )
    introduction = (
        f"A model of {result.terms:,} terms. The service is ready when `/health/ready` "
        f"answers with 200. Rounds, in turns: {result.rounds}. Messages: "
        f"{markdown.sources(result.sources)}."
    )
    header = ("", "seconds", "beyond the imports", "target")
    return markdown.parts(
        markdown.paragraph(introduction), markdown.table(header, rows)
    )
