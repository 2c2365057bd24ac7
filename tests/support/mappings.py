"""Mappings from the text of a configuration file."""

import tomllib

from streams.mapping.mappings import load


def mapping_reader(text, name="m"):
    """Return the reader of one of the mappings in a text of TOML."""
    return load(tomllib.loads(text)).reader(name)
