"""Protobuf files that Confluent's registry lets every schema import without registering them.

The files are Confluent's (confluentinc/schema-registry, Apache-2.0), as serialised descriptors. Its Python
client has them too, but would be a second Kafka client among the dependencies.
"""

from collections.abc import Mapping
from typing import Final

#: File name -> `FileDescriptorProto` in base64.
DESCRIPTORS: Final[Mapping[str, str]] = {
    "confluent/meta.proto": (
        "ChRjb25mbHVlbnQvbWV0YS5wcm90bxIJY29uZmx1ZW50GiBnb29nbGUvcHJvdG9idWYvZGVzY3JpcHRvci5wcm90byKdAQoE"
        "TWV0YRILCgNkb2MYASABKAkSKwoGcGFyYW1zGAIgAygLMhsuY29uZmx1ZW50Lk1ldGEuUGFyYW1zRW50cnkSDAoEdGFncxgD"
        "IAMoCRIeCgVydWxlcxgEIAMoCzIPLmNvbmZsdWVudC5SdWxlGi0KC1BhcmFtc0VudHJ5EgsKA2tleRgBIAEoCRINCgV2YWx1"
        "ZRgCIAEoCToCOAEiPAoEUnVsZRIMCgRuYW1lGAEgASgJEgsKA2RvYxgCIAEoCRIMCgRleHByGAMgASgJEgsKA3NxbBgEIAEo"
        "CTpBCglmaWxlX21ldGESHC5nb29nbGUucHJvdG9idWYuRmlsZU9wdGlvbnMYwAggASgLMg8uY29uZmx1ZW50Lk1ldGE6RwoM"
        "bWVzc2FnZV9tZXRhEh8uZ29vZ2xlLnByb3RvYnVmLk1lc3NhZ2VPcHRpb25zGMAIIAEoCzIPLmNvbmZsdWVudC5NZXRhOkMK"
        "CmZpZWxkX21ldGESHS5nb29nbGUucHJvdG9idWYuRmllbGRPcHRpb25zGMAIIAEoCzIPLmNvbmZsdWVudC5NZXRhOkEKCWVu"
        "dW1fbWV0YRIcLmdvb2dsZS5wcm90b2J1Zi5FbnVtT3B0aW9ucxjACCABKAsyDy5jb25mbHVlbnQuTWV0YTpMCg9lbnVtX3Zh"
        "bHVlX21ldGESIS5nb29nbGUucHJvdG9idWYuRW51bVZhbHVlT3B0aW9ucxjACCABKAsyDy5jb25mbHVlbnQuTWV0YUIOWgwu"
        "Li9jb25mbHVlbnRiBnByb3RvMw=="
    ),
    "confluent/type/decimal.proto": (
        "Chxjb25mbHVlbnQvdHlwZS9kZWNpbWFsLnByb3RvEg5jb25mbHVlbnQudHlwZSI6CgdEZWNpbWFsEg0KBXZhbHVlGAEgASgM"
        "EhEKCXByZWNpc2lvbhgCIAEoDRINCgVzY2FsZRgDIAEoBWIGcHJvdG8z"
    ),
    "confluent/type/variant.proto": (
        "Chxjb25mbHVlbnQvdHlwZS92YXJpYW50LnByb3RvEg5jb25mbHVlbnQudHlwZSIqCgdWYXJpYW50EhAKCG1ldGFkYXRhGAEg"
        "ASgMEg0KBXZhbHVlGAIgASgMYgZwcm90bzM="
    ),
    "confluent/types/decimal.proto": (
        "Ch1jb25mbHVlbnQvdHlwZXMvZGVjaW1hbC5wcm90bxocY29uZmx1ZW50L3R5cGUvZGVjaW1hbC5wcm90b1AAYgZwcm90bzM="
    ),
}
