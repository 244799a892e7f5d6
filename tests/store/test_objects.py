"""A file on its way into S3, in parts."""

import io
import os

import pytest
from boto3.s3.transfer import TransferConfig

from nightsieve.store import objects

PART = 5 << 20  # bytes, as small as S3 lets a part be


class Broken(io.BytesIO):
    """A file that cannot be read to its end."""

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() >= 2 * PART:
            raise OSError("the disk is gone")
        return super().read(size)


def test_a_large_file_arrives_whole_or_not_at_all(environment, monkeypatch):
    parts, store = [], objects.store()
    monkeypatch.setattr(
        objects,
        "PARTS",
        TransferConfig(PART, multipart_chunksize=PART, use_threads=False),
    )
    client = objects._client(os.getpid())
    client.meta.events.register(
        "before-call.s3.UploadPart", lambda **call: parts.append(call)
    )
    content = os.urandom(2 * PART + 1)
    with pytest.raises(OSError, match="the disk is gone"):
        store.upload("broken", Broken(content))
    assert not store.exists("broken") and store.keys("") == []
    assert "Uploads" not in client.list_multipart_uploads(
        Bucket=store.bucket, Prefix=store.key("")
    )
    parts.clear()
    store.upload("whole", io.BytesIO(content))
    assert store.read("whole") == content and len(parts) == 3
