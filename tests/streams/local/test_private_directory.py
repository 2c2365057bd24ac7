"""Directories that only their owner can read."""

from streams.local.private_directory import make_private


def permissions(path):
    return oct(path.stat().st_mode & 0o777)


def test_new_directory_is_only_for_its_owner(tmp_path):
    make_private(tmp_path / "above" / "kafka")
    assert permissions(tmp_path / "above" / "kafka") == "0o700"


def test_existing_directory_is_restricted_to_its_owner(tmp_path):
    """As an earlier release has left it."""
    (tmp_path / "kafka").mkdir()
    (tmp_path / "kafka").chmod(0o755)
    for _ in range(2):
        make_private(tmp_path / "kafka")
        assert permissions(tmp_path / "kafka") == "0o700"
