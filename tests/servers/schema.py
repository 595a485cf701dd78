"""Runs a GraphQL request against a `world`, with GitHub's forms of answers and errors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    OperationDefinitionNode,
    build_schema,
    execute_sync,
    get_operation_ast,
    parse,
    validate,
)

from tests.servers.connections import Page, page_in_place
from tests.servers.errors import RefusedError
from tests.servers.fields import CONNECTION, FIELDS, Fields, type_of
from tests.servers.ids import read_node_id
from tests.servers.price import Price, price
from tests.servers.search import REACHABLE, find
from tests.servers.views import Info, Request, bounds, reviewed
from tests.servers.world import PullRequest, Thread, World

_UNKNOWN_FIELD = re.compile(r"Cannot query field '(?P<name>\w+)' on type '(?P<kind>\w+)'")
SDL = Path(__file__).with_name("github.graphql")


def resolve_node(_: object, info: Info, **given: str) -> object:
    request, name = info.context, given["id"]
    kind, numbers = read_node_id(name) or ("", ())
    found: object = request.world if kind == "Repository" else None
    thread = request.thread(numbers[0]) if numbers else None
    if thread and kind == type(thread).__name__:
        found = thread
    elif kind == "PullRequestReview" and isinstance(thread, PullRequest):
        begun = (review for review in thread.reviews if review.begun <= request.now)
        found = next((reviewed(thread, review) for review in begun if review.id == numbers[1]), None)
    if found is None:
        raise RefusedError("NOT_FOUND", f"Could not resolve to a node with the global id of '{name}'.")
    return found


def resolve_nodes(_: object, info: Info, ids: list[str]) -> list[object]:
    """An unknown id gives a null in its place, and an error with the way to it."""
    if len(ids) > 100:
        raise RefusedError(
            "ARGUMENT_LIMIT", f"You may not provide more than 100 node ids; you provided {len(ids)}."
        )

    def one(name: str) -> object:
        try:
            return resolve_node(None, info, id=name)
        except RefusedError as refusal:
            return refusal

    return [one(name) for name in ids]


def resolve_repository(_: object, info: Info, owner: str, name: str, **given: bool) -> World:
    world = info.context.world
    known = (world.repo, *(world.former_names if given["followRenames"] else ()))
    if f"{owner}/{name}".casefold() not in {repo.casefold() for repo in known}:
        raise RefusedError("NOT_FOUND", f"Could not resolve to a Repository with the name '{owner}/{name}'.")
    return world


class Results(NamedTuple):
    """A page of a search, and how many threads it found in all."""

    page: Page
    found: int


def resolve_search(_: object, info: Info, query: str, **given: Any) -> Results:
    """As on GitHub a cursor is a position in the list, so entries that move during paging shift the pages."""
    request = info.context
    found = find(request.world, query, request.now, request.lag)
    numbers = page_in_place(found[:REACHABLE], bounds(info, given))
    nodes: list[Thread | None] = [request.thread(number) for number in numbers.nodes]
    return Results(replace(numbers, nodes=nodes), len(found))


ROOTS: dict[str, Fields] = {
    "Query": {
        "node": resolve_node,
        "nodes": resolve_nodes,
        "rateLimit": lambda _root, info: info.context.rate,
        "repository": resolve_repository,
        "search": resolve_search,
    },
    "RateLimit": {
        name: (lambda rate, info: rate[info.field_name])
        for name in ("cost", "limit", "nodeCount", "remaining", "resetAt", "used")
    },
    "SearchResultItemConnection": {
        "issueCount": lambda results, _: results.found,
        "nodes": lambda results, _: results.page.nodes,
        "pageInfo": lambda results, _: results.page,
    },
}


@cache
def github_schema() -> GraphQLSchema:
    """The local server's schema; every field of it has a resolver of ours."""
    schema = build_schema(SDL.read_text(encoding="utf-8"))
    table = FIELDS | ROOTS
    for name, kind in schema.type_map.items():
        if isinstance(kind, GraphQLInterfaceType | GraphQLUnionType):
            kind.resolve_type = lambda value, _info, _kind: type_of(value)
        elif isinstance(kind, GraphQLObjectType) and not name.startswith("__"):
            fields = table.get(name, CONNECTION)
            for field_name, definition in kind.fields.items():
                definition.resolve = fields[field_name]
    return schema


@dataclass(frozen=True)
class Asked:
    """A request that GitHub would run: parsed, valid, priced."""

    document: DocumentNode
    operation: OperationDefinitionNode
    price: Price


@lru_cache(maxsize=256)
def _read(text: str) -> tuple[DocumentNode | None, tuple[GraphQLError, ...]]:
    try:
        document = parse(text)
    except GraphQLError as error:
        return None, (error,)
    return document, tuple(validate(github_schema(), document))


def ask(text: str, name: str | None, variables: Mapping[str, Any]) -> Asked | dict[str, Any]:
    """Reads and prices a request; an answer with errors when GitHub would not run it."""
    document, errors = _read(text)
    if document is None or errors:
        return {"errors": [_told(error) for error in errors]}
    operation = get_operation_ast(document, name)
    if operation is None:
        return {"errors": [{"message": "An operation name is required"}]}
    try:
        return Asked(document, operation, price(github_schema(), document, operation, variables))
    except RefusedError as refusal:
        return {"errors": [{"type": refusal.kind, "message": refusal.message}]}


def answer(asked: Asked, variables: Mapping[str, Any], request: Request) -> dict[str, Any]:
    """Runs a request. An error in our own resolvers is raised, not sent to the client."""
    name = asked.operation.name.value if asked.operation.name else None
    result = execute_sync(
        github_schema(),
        asked.document,
        context_value=request,
        variable_values=dict(variables),
        operation_name=name,
    )
    errors = result.errors or []
    for error in errors:
        if error.original_error and not isinstance(error.original_error, RefusedError | GraphQLError):
            raise error.original_error
    if any(error.path is None for error in errors):
        return {"errors": [_told(error) for error in errors]}
    return {"data": result.data, **({"errors": [_told(error) for error in errors]} if errors else {})}


def undefined_field(kind: str, name: str) -> dict[str, Any]:
    """The entry of `errors` for a field that a server's schema does not have."""
    return {
        "path": ["query", name],
        "extensions": {"code": "undefinedField", "typeName": kind, "fieldName": name},
        "locations": [{"line": 1, "column": 1}],
        "message": f"Field '{name}' doesn't exist on type '{kind}'",
    }


def _told(error: GraphQLError) -> dict[str, Any]:
    """An entry of `errors`; one with `extensions` says that the request itself is wrong."""
    if unknown := _UNKNOWN_FIELD.match(error.message):
        return undefined_field(unknown["kind"], unknown["name"])
    told: dict[str, Any] = {}
    if isinstance(error.original_error, RefusedError):
        told["type"] = error.original_error.kind
    if error.path is None:
        told["extensions"] = {"code": "invalidRequest"}
    else:
        told["path"] = error.path
    told["locations"] = [{"line": at.line, "column": at.column} for at in error.locations or ()]
    return {**told, "message": error.message}
