"""Tasks that read a night's sample and the reviews from the database."""

from nightsieve.store.artefacts import ShardedArtefact
from pipeline import ingest
from pipeline.data.codecs import Table
from pipeline.temporary import private_folder
from tasks.base import NightTask
from tasks.targets import ShardedOutput


class IngestMessages(NightTask):
    """Draw the sample, and write it in shards."""

    stage = "ingest"
    name = "messages"
    codec = Table("messages")
    sections = (
        "source.identity",
        "source.messages",
        "source.sample",
        "source.max_body_bytes",
        "source.shards",
    )
    depends_on_date = True
    is_reading = True

    def output(self) -> ShardedOutput:
        key = self.key("json")
        artefact = ShardedArtefact(
            self.store, key, part_codec=self.codec, is_reading=self.is_reading
        )
        return ShardedOutput(artefact, self)

    def run(self) -> None:
        url = ingest.database_url(self.settings.source)
        with private_folder() as folder, ingest.connect(url) as connection:
            sampled = ingest.draw_sample(
                connection, self.settings.source, self.date, folder, self.count
            )
            self.rows_in = sampled.counts.sampled
            self.output().dump_parts(sampled.files, sampled.rows, sampled.counts)

    def count(self, rows: int) -> None:
        """Show how many messages were drawn so far; the total is not known."""
        if self.set_status_message:
            self.set_status_message(f"{rows:,} messages so far")


class IngestReviews(NightTask):
    """Read the human labels, each with the message that it is about."""

    stage = "ingest"
    name = "reviews"
    codec = Table("reviews")
    version = 3
    sections = (
        "source.identity",
        "source.messages",
        "source.reviews",
        "source.max_body_bytes",
    )
    depends_on_date = True
    is_reading = True

    def run(self) -> None:
        with ingest.connect(ingest.database_url(self.settings.source)) as connection:
            reviews = ingest.read_reviews(connection, self.settings.source, self.date)
        self.output().dump(reviews)
