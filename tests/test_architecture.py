"""Who may import whom: the packages of docs/architecture.md."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "vllm_digest"

# Each package with the packages that it may import; none imports one that is below it in this list.
DEPENDENCIES: dict[str, set[str]] = {
    "installation": set(),
    "validation": set(),
    "masking": set(),
    "cleaning": {"masking"},
    "boundary": {"cleaning"},
    "errors": {"cleaning"},
    "documents": {"errors", "validation"},
    "printing": {"cleaning", "errors"},
    "languages": {"errors"},
    "options": {"cleaning", "errors"},
    "judgement": {"languages"},
    "model_protocol": set(),
    "processes": set(),
    "markdown": set(),
    "text": {"markdown"},
    "window": {"errors"},
    "follow_ups": {"window"},
    "place": {"errors", "window"},
    "models": {"window"},
    "facts": {"judgement", "models", "window"},
    "narrative": {"model_protocol"},
    "report": {"facts", "follow_ups", "judgement", "models", "narrative", "place", "window"},
    "digest": {"facts", "judgement", "models", "report", "window"},
    "focus": {"judgement", "languages", "models", "text"},
    "classify": {"digest", "facts", "focus", "judgement", "models", "text", "window"},
    "config": {"cleaning", "errors", "facts", "focus", "languages", "masking", "validation", "window"},
    "progress": {"printing"},
    "templating": set(),
    "sections": {"judgement", "narrative", "report", "templating"},
    "check": {"facts", "judgement", "markdown", "models", "narrative", "report", "window"},
    "sources": {"errors", "models", "window"},
    "write": {
        "boundary",
        "check",
        "digest",
        "errors",
        "facts",
        "judgement",
        "model_protocol",
        "models",
        "narrative",
        "report",
        "sources",
        "templating",
        "text",
        "window",
    },
    "rules": {"classify", "config", "write"},
    "estimate": {"sources", "write"},
    "files": {"errors"},
    "llm": {"boundary", "cleaning", "config", "errors", "files", "model_protocol", "window"},
    "snapshots": {"documents", "files", "models", "sources", "window"},
    "schedule": {"errors", "window"},
    "backfill_range": {
        "config",
        "errors",
        "estimate",
        "options",
        "progress",
        "schedule",
        "sources",
        "window",
        "write",
    },
    "archive": {
        "digest",
        "documents",
        "errors",
        "facts",
        "files",
        "follow_ups",
        "judgement",
        "models",
        "narrative",
        "place",
        "report",
        "schedule",
        "snapshots",
        "window",
    },
    "batching": {
        "archive",
        "classify",
        "digest",
        "errors",
        "llm",
        "model_protocol",
        "write",
    },
    "stories": {
        "archive",
        "digest",
        "documents",
        "errors",
        "facts",
        "follow_ups",
        "judgement",
        "models",
        "narrative",
        "place",
        "report",
        "schedule",
        "window",
    },
    "render": {
        "digest",
        "judgement",
        "languages",
        "markdown",
        "narrative",
        "place",
        "report",
        "sections",
        "templating",
        "window",
    },
    "pagecheck": {"languages", "markdown"},
    "summary": {"archive", "judgement", "narrative", "printing", "render", "report", "sections"},
    "pipeline": {
        "archive",
        "classify",
        "cleaning",
        "digest",
        "errors",
        "languages",
        "models",
        "narrative",
        "pagecheck",
        "render",
        "report",
        "sections",
        "sources",
        "stories",
        "window",
    },
    "site": {
        "archive",
        "digest",
        "errors",
        "facts",
        "follow_ups",
        "judgement",
        "languages",
        "markdown",
        "models",
        "narrative",
        "pagecheck",
        "place",
        "render",
        "report",
        "schedule",
        "sections",
        "stories",
        "templating",
        "window",
    },
    "publish": {
        "archive",
        "digest",
        "documents",
        "errors",
        "installation",
        "judgement",
        "markdown",
        "models",
        "place",
        "processes",
        "report",
        "templating",
        "window",
    },
    "runtime": {
        "archive",
        "classify",
        "cleaning",
        "config",
        "errors",
        "llm",
        "masking",
        "model_protocol",
        "models",
        "narrative",
        "options",
        "pipeline",
        "processes",
        "progress",
        "report",
        "rules",
        "sources",
        "stories",
        "window",
        "write",
    },
    "commands": {
        "archive",
        "backfill_range",
        "batching",
        "cleaning",
        "config",
        "errors",
        "estimate",
        "files",
        "installation",
        "languages",
        "llm",
        "model_protocol",
        "models",
        "options",
        "pagecheck",
        "pipeline",
        "place",
        "printing",
        "progress",
        "publish",
        "render",
        "report",
        "rules",
        "runtime",
        "schedule",
        "sections",
        "site",
        "snapshots",
        "sources",
        "stories",
        "summary",
        "window",
        "write",
    },
    "cli": {"cleaning", "commands", "errors", "masking", "options", "printing", "runtime"},
    "__main__": {"cli"},
}

# Libraries that only these packages may import: side effects are at the edge.
ALONE = {
    "github": {"sources"},
    "requests": {"sources"},
    "openai": {"llm"},
    "jinja2": {"templating"},
    "markdown_it": {"markdown", "text"},
    "yaml": {"config", "focus", "pagecheck", "templating", "text"},
    "apprise": {"publish"},
    "subprocess": {"processes"},
}


def modules() -> Iterator[tuple[str, Path]]:
    """Each file with its package."""
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path.relative_to(PACKAGE).parts[0].removesuffix(".py"), path


def nodes(path: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(path.read_text(encoding="utf-8")))


@cache
def imported(path: Path) -> frozenset[str]:
    found: set[str] = set()
    for node in nodes(path):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(found)


def ours(path: Path) -> set[str]:
    """The packages a module uses; the package itself, for its version, is none."""
    names = (name.split(".") for name in imported(path) if name.startswith("vllm_digest."))
    return {name[1] for name in names if name[1] != "__version__"}


def test_every_package_uses_what_the_table_says_and_nothing_else() -> None:
    used: dict[str, set[str]] = {}
    for package, path in modules():
        if package != "__init__":
            used[package] = used.get(package, set()) | ours(path) - {package}
    assert used == DEPENDENCIES


def test_imports_go_one_way() -> None:
    above: set[str] = set()
    for package, uses in DEPENDENCIES.items():
        assert uses <= above, f"{package} uses what stands below it"
        above.add(package)


@pytest.mark.parametrize(("library", "packages"), ALONE.items())
def test_few_packages_touch_a_part_of_the_outside_world(library: str, packages: set[str]) -> None:
    uses = ((user, name.partition(".")[0]) for user, path in modules() for name in imported(path))
    assert {user for user, used in uses if used == library} <= packages


def test_the_clock_is_read_in_one_place() -> None:
    clocks = {"datetime.now", "datetime.utcnow", "date.today", "time.time", "time.monotonic"}
    readers = {
        package
        for package, path in modules()
        for node in nodes(path)
        if isinstance(node, ast.Attribute) and ast.unparse(node) in clocks
    }
    assert readers == {"runtime"}


def test_no_module_outgrows_one_reading() -> None:
    lengths = {
        str(path.relative_to(PACKAGE)): len(path.read_text("utf-8").splitlines())
        for path in PACKAGE.rglob("*.py")
    }
    assert {name: count for name, count in lengths.items() if count > 320} == {}


def test_everything_printed_goes_through_one_door() -> None:
    """Otherwise a secret, control sequence or workflow command could get out."""
    doors = {"print", "click.echo", "click.secho", "sys.stdout.write", "sys.stderr.write"}
    found = {
        path.name
        for path in PACKAGE.rglob("*.py")
        for node in nodes(path)
        if (isinstance(node, ast.Call) and ast.unparse(node.func) in doors)
        or (isinstance(node, ast.Attribute) and node.attr.endswith("Handler") and node.attr != "Handler")
    }
    assert found == {"printing.py"}


def functions() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in nodes(path):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{path.relative_to(PACKAGE)}: {node.name}", node


def lines_of(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def test_no_function_has_more_than_six_parameters_or_55_lines() -> None:
    wide, long = {}, {}
    for name, node in functions():
        arguments = node.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        count = len([one for one in every if one.arg not in {"self", "cls"}])
        if count > 6:
            wide[name] = count
        if lines_of(node) > 55:
            long[name] = lines_of(node)
    assert (wide, long) == ({}, {})


def test_no_class_is_longer_than_120_lines() -> None:
    lengths = {
        f"{path.relative_to(PACKAGE)}: {node.name}": lines_of(node)
        for path in PACKAGE.rglob("*.py")
        for node in nodes(path)
        if isinstance(node, ast.ClassDef)
    }
    assert {name: count for name, count in lengths.items() if count > 120} == {}


def test_no_import_goes_in_a_circle() -> None:
    """Among the modules of a package as well; what is imported for its types alone counts."""
    modules = {dotted(path): path for path in PACKAGE.rglob("*.py")}
    uses: dict[str, set[str]] = {}
    for module, path in modules.items():
        # `from a import b` uses the module a.b where there is one, else a.
        used = {name if name in modules else name.rpartition(".")[0] for name in imported(path)}
        uses[module] = (used & set(modules)) - {module, "vllm_digest"}
    # Whatever uses nothing that is left, or is used by nothing that is left, is in no circle.
    while free := {
        name for name in uses if not uses[name] or not any(name in used for used in uses.values())
    }:
        uses = {name: used - free for name, used in uses.items() if name not in free}
    assert uses == {}


def dotted(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(("vllm_digest", *parts)).removesuffix(".__init__")


def test_every_module_loads_where_there_is_nothing_of_posix() -> None:
    """As on Windows, where only cron and systemd are missed."""
    names = sorted(dotted(path) for path in PACKAGE.rglob("*.py") if path.stem != "__main__")
    code = (
        "import sys\n"
        "sys.modules.update(dict.fromkeys(('fcntl', 'grp', 'pwd', 'resource', 'termios', 'syslog')))\n"
        "import importlib\n"
        f"for name in {names}: importlib.import_module(name)\n"
        "from vllm_digest.cli import run_command\n"
        "sys.exit(run_command(['run', '--sample', '--dry-run', '--no-llm']))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("---\n")
