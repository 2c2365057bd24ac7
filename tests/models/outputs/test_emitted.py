"""The stored form of a customer's emitted state."""

import msgspec

from models.outputs.emitted import (
    FULFILLED,
    ISSUED,
    UNKNOWN_PROFILE_EMITTED,
    EmittedAction,
    EmittedState,
    EmittedTarget,
    EmittedTransition,
    decode_emitted,
    encode_emitted,
)


def test_state_survives_encoding():
    state = EmittedState(
        profile=7,
        lifecycle=EmittedTransition(5, 9, corrections=1),
        targets={"t": {0: EmittedTarget(FULFILLED, 20, 10)}},
        actions={"a": EmittedAction(2, ISSUED, 5, 4, 9, "customer", "ada", "time", None, 50, 0)},
        profiles=3,
    )
    assert decode_emitted(encode_emitted(state)) == state


def test_stored_form_is_an_array_in_field_order():
    encoded = encode_emitted(EmittedState(profile=7, tier=EmittedTransition(5, 9), profiles=3))
    assert msgspec.msgpack.decode(encoded) == [7, None, [5, 9, 0], {}, [b"", 0], {}, 3]


def test_state_without_a_profile_is_not_stored():
    assert not EmittedState()
    assert not UNKNOWN_PROFILE_EMITTED
    assert EmittedState(profiles=1)
