"""Validates a provenance statement with in-toto-attestation, its predicate against the schema of SLSA.

statement.py STATEMENT: prints each subject's name and SHA-256, and the commit.
"""
import json
import pathlib
import sys

from google.protobuf.json_format import MessageToDict, Parse, ParseDict
from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.resource_descriptor import ResourceDescriptor
from in_toto_attestation.v1.statement import Statement

text = pathlib.Path(sys.argv[1]).read_text()
statement = Statement.copy_from_pb(Parse(text, statement_pb2.Statement()))
statement.validate()
assert statement.pb.predicate_type == "https://slsa.dev/provenance/v1", statement.pb.predicate_type
# Fields that the schema does not have are refused here.
provenance = ParseDict(json.loads(text)["predicate"], provenance_pb2.Provenance())
build, run = provenance.build_definition, provenance.run_details
assert build.build_type and MessageToDict(build.external_parameters) and run.builder.id
assert run.metadata.invocation_id and run.metadata.started_on.seconds
for dependency in build.resolved_dependencies:
    ResourceDescriptor.copy_from_pb(dependency).validate()
for subject in statement.pb.subject:
    print(subject.name, subject.digest["sha256"])
print(build.resolved_dependencies[0].digest["gitCommit"])
