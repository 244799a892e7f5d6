"""An npz file is data: reading it runs no code and allocates no more than it holds."""

import io
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from pipeline.data.arrays import (
    SMALL_BYTES,
    decode_arrays,
    encode_arrays,
    pack_strings,
    unpack_strings,
)
from pipeline.errors import ArtefactError

any_array = arrays_of.arrays(
    dtype=arrays_of.boolean_dtypes()
    | arrays_of.integer_dtypes(endianness="=")
    | arrays_of.floating_dtypes(endianness="=")
    | arrays_of.unicode_string_dtypes(endianness="="),
    shape=arrays_of.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)


@given(st.dictionaries(st.sampled_from("abcd"), any_array), st.booleans())
def test_arrays_survive_their_bytes(arrays, transposed):
    if transposed:
        arrays = {name: np.asfortranarray(array) for name, array in arrays.items()}
    content = encode_arrays(arrays)
    decoded = decode_arrays(content)
    assert decoded.keys() == arrays.keys()
    for name, array in arrays.items():
        other = decoded[name]
        assert (other.dtype, other.shape) == (array.dtype, array.shape)
        assert other.tobytes() == array.tobytes()
        assert other.flags.writeable
    assert encode_arrays(decoded) == content


def member(content: bytes, name: str = "a.npy", method: int = zipfile.ZIP_DEFLATED):
    """Return an archive with one member."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


def npy(header: str, data: bytes = b"") -> bytes:
    """Return an array file with this header, whatever it claims."""
    padded = header.encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(padded).to_bytes(2, "little") + padded + data


HUGE = "{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000000,)}"
PICKLED = "{'descr': '|O', 'fortran_order': False, 'shape': (1,)}"
CUT = encode_arrays({"a": np.arange(1000)})[:-40]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04",
        CUT,
        member(b""),
        member(npy(HUGE)),
        member(npy(HUGE, b"12")),
        member(npy(PICKLED, b"cos\nsystem\n(S'exit'\ntR.")),
        member(npy("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}")),
        member(npy("__import__('os').abort()")),
        member(npy(HUGE.replace("1000000000000", "1"), b"1"), method=zipfile.ZIP_LZMA),
    ],
)
def test_what_is_no_npz_file_of_arrays_is_an_error(content):
    with pytest.raises((ArtefactError, ValueError, zipfile.BadZipFile)):
        decode_arrays(content)


def test_one_flipped_bit_is_never_another_value():
    content = encode_arrays({"a": np.arange(50), "b": np.linspace(0, 1, 30)})
    expected = {name: a.tobytes() for name, a in decode_arrays(content).items()}
    for index in range(8 * len(content)):
        flipped = bytearray(content)
        flipped[index // 8] ^= 1 << index % 8
        try:
            decoded = decode_arrays(bytes(flipped))
        except Exception:  # any error is a damaged object
            continue
        for name in decoded.keys() & expected.keys():
            assert decoded[name].tobytes() == expected[name]


def test_a_zip_bomb_is_refused_before_it_is_unpacked():
    bomb = io.BytesIO()
    with (
        zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a.npy", "w", force_zip64=True) as file,
    ):
        shape = 2 * SMALL_BYTES
        file.write(npy(HUGE.replace("1000000000000", str(shape))))
        for _ in range(shape >> 20):
            file.write(bytes(1 << 20))
    assert len(bomb.getvalue()) < 1 << 20
    code = (
        "import resource, sys\n"
        "from pipeline.data.arrays import decode_arrays\n"
        "from pipeline.errors import ArtefactError\n"
        "content = sys.stdin.buffer.read()\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try:\n    decode_arrays(content)\n"
        "except ArtefactError as error:\n    print(error)\n"
        "after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        f"sys.exit(after - before > {32 << 10})\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        input=bomb.getvalue(),
        capture_output=True,
        check=True,
    )
    assert b"holds 536,871," in run.stdout


@given(
    st.lists(st.text(st.characters(exclude_characters="\n", codec="utf-8"), min_size=1))
)
def test_strings_survive_as_an_array(strings):
    assert unpack_strings(pack_strings(strings)) == tuple(strings)
