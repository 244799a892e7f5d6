"""Arrays as the bytes of an npz file; reading runs no code and takes bounded memory.

`numpy.load` allocates what a file claims to hold. A small file can claim any size, so
the sizes are checked here before anything is allocated.
"""

import io
import math
import zipfile
from collections.abc import Iterable, Mapping

import numpy as np

from pipeline.errors import ArtefactError

#: What any file may hold when it is unpacked, in bytes.
SMALL_BYTES = 256 << 20
#: How many times its own size a larger file may hold. Arrays of a night take at most 20
#: times their compressed size; a zip bomb takes up to 1,032 times.
MAX_RATIO = 100

_SUFFIX = ".npy"
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def encode_arrays(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return the arrays as a compressed npz file; equal arrays give equal bytes.

    Raises
    ------
    ValueError
        An array holds Python objects.
    """
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def decode_arrays(content: bytes) -> dict[str, np.ndarray]:
    """Return the arrays of an npz file by name.

    Raises
    ------
    ArtefactError
        An array holds Python objects, or the file claims to hold more than it may. The
        message begins with a verb, so that the caller puts the object's address before
        it.
    ValueError, zipfile.BadZipFile, zlib.error
        The content is not a whole npz file.

    Examples
    --------
    >>> arrays = decode_arrays(encode_arrays({"weights": np.arange(3)}))
    >>> arrays["weights"].tolist()
    [0, 1, 2]
    """
    arrays: dict[str, np.ndarray] = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
        unpacked = sum(member.file_size for member in members)
        if unpacked > max(SMALL_BYTES, MAX_RATIO * len(content)):
            raise ArtefactError(
                f"holds {unpacked:,} bytes in {len(content):,}, "
                "which is more than any task writes"
            )
        for member in members:
            name = member.filename.removesuffix(_SUFFIX)
            if name in arrays or member.compress_type not in _METHODS:
                raise ValueError("not a member that savez_compressed writes")
            arrays[name] = _read_array(archive, member)
    return arrays


def pack_strings(strings: Iterable[str]) -> np.ndarray:
    """Return strings without line breaks as an array: UTF-8, one in each line."""
    return np.frombuffer("\n".join(strings).encode(), dtype=np.uint8)


def unpack_strings(array: np.ndarray) -> tuple[str, ...]:
    """Return the strings of the array that `pack_strings` returned."""
    text = array.tobytes().decode()
    return tuple(text.split("\n")) if text else ()


def _read_array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    with archive.open(member) as file:
        assert isinstance(file, zipfile.ZipExtFile)  # its readinto has no type
        version = np.lib.format.read_magic(file)
        if version != (1, 0):
            raise ValueError("another version of the npy format")
        shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(file)
        if dtype.hasobject:
            raise ArtefactError("holds Python objects, which nothing reads")
        n_bytes = math.prod(shape) * dtype.itemsize
        if n_bytes != member.file_size - file.tell():
            raise ValueError("an array has another size than its member")
        data = np.empty(n_bytes, dtype=np.uint8)
        if file.readinto(data.data) != n_bytes or file.read(1):
            raise ValueError("an array is shorter than its header says")
    if is_fortran:
        return data.view(dtype).reshape(shape[::-1]).T
    return data.view(dtype).reshape(shape)
