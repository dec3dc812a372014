"""Verifies a DSSE envelope with securesystemslib.

envelope.py ENVELOPE PUBLIC_KEY KEYID: prints the SHA-256 of the payload that the key signed.
"""
import hashlib
import json
import pathlib
import sys

from cryptography.hazmat.primitives.serialization import load_ssh_public_key
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey

envelope, key, keyid = sys.argv[1:]
public = load_ssh_public_key(pathlib.Path(key).read_bytes())
found = Envelope.from_dict(json.loads(pathlib.Path(envelope).read_bytes()))
accepted = found.verify([SSlibKey.from_crypto(public, keyid=keyid)], threshold=1)
assert list(accepted) == [keyid], accepted
assert found.payload_type == "application/vnd.in-toto+json", found.payload_type
print(hashlib.sha256(found.payload).hexdigest())
