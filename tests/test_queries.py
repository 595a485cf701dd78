"""The product's GraphQL documents against GitHub's public schema, and the local server's schema too.

The public schema (MIT, from the npm package @octokit/graphql-schema) is not in the repository: it has
70,000 lines. Put its schema.graphql at .cache/schema.graphql, or name it in GITHUB_SCHEMA.
"""

import os
from functools import cache
from pathlib import Path

import pytest
from graphql import (
    FieldNode,
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    NoDeprecatedCustomRule,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    build_schema,
    is_required_argument,
    is_required_input_field,
    parse,
    print_ast,
    specified_rules,
    validate,
    visit,
)

from tests.servers.schema import github_schema
from vllm_digest.sources.github.by_number import numbers_document
from vllm_digest.sources.github.content import ListKind
from vllm_digest.sources.github.pages import pages_document
from vllm_digest.sources.github.queries import OPTIONAL_FIELDS, document, without
from vllm_digest.sources.github.search import search_document

PUBLIC_SCHEMA = Path(
    os.environ.get("GITHUB_SCHEMA") or Path(__file__).parents[1] / ".cache" / "schema.graphql"
).absolute()
DOCUMENTS = {
    "details": document("details"),
    "recent": document("recent"),
    "search": search_document((True, False)),
    "rows": numbers_document("Rows", (1, 2)),
    "threads": numbers_document("Threads", (1, 2)),
    "more of all": pages_document(tuple(ListKind)),
    **{f"more {want}": pages_document((want,)) for want in ListKind},
}
NEWER = {"Issue.issueType: GitHub has no such thing", "IssueType: GitHub has no such thing"}
"""Differences from an older copy of the public schema: GitHub has these since 2025 (github/docs#37143)."""


@cache
def public_schema() -> GraphQLSchema:
    if not PUBLIC_SCHEMA.is_file() and "GITHUB_SCHEMA" not in os.environ:
        pytest.skip(
            f"NOT CHECKED AGAINST GITHUB: there is no public schema at {PUBLIC_SCHEMA}. "
            "Take schema.graphql from the npm package @octokit/graphql-schema, see the top of this file."
        )
    return build_schema(PUBLIC_SCHEMA.read_text(encoding="utf-8"), assume_valid=True)


def test_every_document_of_the_product_is_checked_here() -> None:
    queries = Path(__file__).parents[1] / "vllm_digest" / "sources" / "github" / "queries"
    assert {path.stem for path in queries.glob("*.graphql")} <= {*DOCUMENTS, "fragments"}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_valid_for_the_local_server(name: str) -> None:
    assert validate(github_schema(), parse(DOCUMENTS[name])) == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_valid_at_github_and_uses_nothing_deprecated(name: str) -> None:
    rules = (*specified_rules, NoDeprecatedCustomRule)
    known = "issueType" in getattr(public_schema().type_map["Issue"], "fields", ())
    text = DOCUMENTS[name] if known else without(DOCUMENTS[name], OPTIONAL_FIELDS)
    assert validate(public_schema(), parse(text), rules) == []


def test_the_local_schema_is_a_part_of_githubs() -> None:
    """Every type, field, argument and value of ours exists at GitHub, with the same type and default."""
    public = public_schema().type_map
    types = [kind for name, kind in github_schema().type_map.items() if not name.startswith("__")]
    differences = {line for ours in types for line in compare(ours, public.get(ours.name))}
    assert differences <= NEWER


def test_the_comparison_of_schemas_sees_each_kind_of_difference() -> None:
    theirs = build_schema(
        "type Query { a(x: Int = 1, must: Int!): Int! } enum E { A } input I { x: Int must: Int! } "
        "union U = Query interface N { id: ID } type T implements N { id: ID } scalar S"
    )
    ours = build_schema(
        "type Query { a(x: Int = 2, y: Int): Int b: Int } enum E { A B } input I { x: ID } "
        "union U = Query | M type M { a: Int } interface O { id: ID } type T implements O { id: ID } "
        "type S { a: Int }"
    )
    found = [line for name in ("Query", "E", "I", "U", "T", "M", "S") for line in both(ours, theirs, name)]
    assert found == [
        "Query.a: Int, GitHub has Int!",
        "Query.a(x): Int = 2, GitHub has Int = 1",
        "Query.a(y): GitHub has no such thing",
        "Query.a(must): GitHub requires it",
        "Query.b: GitHub has no such thing",
        "E.B: GitHub has no such thing",
        "I.x: ID, GitHub has Int",
        "I.must: GitHub requires it",
        "U.M: GitHub has no such thing",
        "T.O: GitHub has no such thing",
        "M: GitHub has no such thing",
        "S: GraphQLObjectType, GitHub has GraphQLScalarType",
    ]


def both(ours: GraphQLSchema, theirs: GraphQLSchema, name: str) -> list[str]:
    return compare(ours.type_map[name], theirs.type_map.get(name))


def compare(ours: GraphQLNamedType, theirs: GraphQLNamedType | None) -> list[str]:
    """What is in our type and not, or not so, in GitHub's."""
    if theirs is None:
        return [f"{ours.name}: GitHub has no such thing"]
    if type(ours) is not type(theirs):
        return [f"{ours.name}: {type(ours).__name__}, GitHub has {type(theirs).__name__}"]
    lines: list[str] = []
    if isinstance(ours, GraphQLObjectType | GraphQLInterfaceType) and isinstance(theirs, type(ours)):
        for name, field in ours.fields.items():
            there = theirs.fields.get(name)
            lines += different(f"{ours.name}.{name}", str(field.type), there and str(there.type))
            if there:
                lines += compare_inputs(f"{ours.name}.{name}({{}})", field.args, there.args)
    if isinstance(ours, GraphQLInputObjectType) and isinstance(theirs, GraphQLInputObjectType):
        lines += compare_inputs(f"{ours.name}.{{}}", ours.fields, theirs.fields)
    return lines + [
        f"{ours.name}.{name}: GitHub has no such thing" for name in sorted(members(ours) - members(theirs))
    ]


def members(kind: GraphQLNamedType) -> set[str]:
    """Values of an enum, types of a union, interfaces of a type."""
    if isinstance(kind, GraphQLEnumType):
        return set(kind.values)
    if isinstance(kind, GraphQLUnionType):
        return {member.name for member in kind.types}
    if isinstance(kind, GraphQLObjectType):
        return {interface.name for interface in kind.interfaces}
    return set()


def compare_inputs(
    place: str,
    ours: dict[str, GraphQLArgument] | dict[str, GraphQLInputField],
    theirs: dict[str, GraphQLArgument] | dict[str, GraphQLInputField],
) -> list[str]:
    """Arguments or input fields: ours must be there, and what GitHub requires must be ours."""
    lines: list[str] = []
    for name, value in ours.items():
        there = with_default(theirs[name]) if name in theirs else None
        lines += different(place.format(name), with_default(value), there)
    required = [name for name, value in theirs.items() if name not in ours and is_required(value)]
    return lines + [f"{place.format(name)}: GitHub requires it" for name in required]


def is_required(value: GraphQLArgument | GraphQLInputField) -> bool:
    if isinstance(value, GraphQLArgument):
        return is_required_argument(value)
    return is_required_input_field(value)


def with_default(value: GraphQLArgument | GraphQLInputField) -> str:
    default = value.ast_node.default_value if value.ast_node else None
    return f"{value.type} = {print_ast(default)}" if default else str(value.type)


def different(place: str, ours: str, theirs: str | None) -> list[str]:
    if theirs is None:
        return [f"{place}: GitHub has no such thing"]
    return [] if ours == theirs else [f"{place}: {ours}, GitHub has {theirs}"]


STRUCTURE = {
    *("nodes", "node", "pageInfo", "endCursor", "hasNextPage", "__typename"),
    *("rateLimit", "repository", "search"),
}
"""What every query needs to reach its fields."""


def asked_for() -> set[tuple[str, str]]:
    """The fields of the product's documents, each with the type that has it."""
    found: set[tuple[str, str]] = set()

    class Fields(Visitor):
        def __init__(self, types: TypeInfo) -> None:
            super().__init__()
            self.types = types

        def enter_field(self, node: FieldNode, *_: object) -> None:
            found.add((str(self.types.get_parent_type()), node.name.value))

    for text in DOCUMENTS.values():
        types = TypeInfo(github_schema())
        visit(parse(text), TypeInfoVisitor(types, Fields(types)))
    return {(kind, field) for kind, field in found if field not in STRUCTURE}


def test_the_docs_tell_of_each_field_that_is_asked_for_and_of_no_other() -> None:
    text = Path(__file__).parents[1].joinpath("docs", "fetching.md").read_text(encoding="utf-8")
    table = text.partition("| type | field | used for |")[2].partition("\n\n")[0]
    told = set()
    for line in table.splitlines()[2:]:
        kinds, fields = (cell.strip() for cell in line.split("|")[1:3])
        told |= {(kind, field.strip(" `")) for kind in kinds.split(", ") for field in fields.split(",")}
    assert told == asked_for()
