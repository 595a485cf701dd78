"""What a GraphQL query costs before it is run, by GitHub's published rules.

https://docs.github.com/en/graphql/overview/rate-limits-and-node-limits-for-the-graphql-api: every
connection to be read is one request per parent, each parent list assumed full; the sum divided by
100 and rounded, at least 1, is the cost. The nodes are the products of the sizes down each path.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    get_named_type,
    value_from_ast_untyped,
)

from tests.servers.errors import RefusedError

MOST_NODES = 500_000


@dataclass(frozen=True, slots=True)
class Price:
    points: int
    """What the rate limit is charged with."""
    nodes: int
    """The largest number of nodes that the query can return."""
    requests: int
    """Connections to be read, from which the points come."""


def price(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any],
) -> Price:
    """The price of one operation; raises `RefusedError` when it may return over 500,000 nodes."""
    given = {
        definition.variable.name.value: value_from_ast_untyped(definition.default_value)
        for definition in operation.variable_definitions or ()
        if definition.default_value
    }
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    meter = _Meter(schema, fragments, {**given, **variables})
    root = schema.query_type
    if root is None:
        raise ValueError("The schema has no queries.")
    meter.read(root, operation.selection_set, 1)
    return Price(max(1, (meter.requests + 50) // 100), meter.nodes, meter.requests)


class _Meter:
    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: Mapping[str, FragmentDefinitionNode],
        variables: dict[str, Any],
    ) -> None:
        self.schema, self.fragments, self.variables = schema, fragments, variables
        self.requests = 0
        self.nodes = 0

    def read(self, parent: GraphQLNamedType, selections: SelectionSetNode, parents: int) -> None:
        for selection in selections.selections:
            if self.included(selection):
                self.read_one(parent, selection, parents)

    def read_one(self, parent: GraphQLNamedType, selection: SelectionNode, parents: int) -> None:
        if isinstance(selection, FragmentSpreadNode):
            fragment = self.fragments[selection.name.value]
            self.read(
                self.schema.type_map[fragment.type_condition.name.value], fragment.selection_set, parents
            )
        elif isinstance(selection, InlineFragmentNode):
            condition = selection.type_condition
            inner = self.schema.type_map[condition.name.value] if condition else parent
            self.read(inner, selection.selection_set, parents)
        elif isinstance(selection, FieldNode) and selection.selection_set:
            kind = get_named_type(cast(Any, parent).fields[selection.name.value].type)
            self.read(kind, selection.selection_set, parents * self.size(kind, selection, parents))

    def size(self, kind: GraphQLNamedType, field: FieldNode, parents: int) -> int:
        """Count a connection or a list of ids; returns the number of nodes for one parent."""
        arguments = {
            a.name.value: value_from_ast_untyped(a.value, self.variables) for a in field.arguments or ()
        }
        if kind.name.endswith("Connection"):
            self.requests += parents
            size = arguments.get("first") or arguments.get("last")
        elif "ids" in arguments:
            size = len(arguments["ids"] or ())
        else:
            return 1
        size = size if isinstance(size, int) else 0
        self.nodes += parents * size
        if self.nodes > MOST_NODES:
            raise RefusedError(
                "MAX_NODE_LIMIT_EXCEEDED",
                f"By the time this query traverses to the {field.name.value} connection, it is requesting "
                f"up to {self.nodes:,} possible nodes which exceeds the maximum limit of {MOST_NODES:,}.",
            )
        return size

    def included(self, selection: SelectionNode) -> bool:
        for directive in selection.directives or ():
            for argument in directive.arguments or ():
                condition = value_from_ast_untyped(argument.value, self.variables)
                if condition == (directive.name.value == "skip"):
                    return False
        return True
